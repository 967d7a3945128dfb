/** A copy of a site's data. Pure. */

export type BackupState = 'creating' | 'ready' | 'deleting' | 'deleted';

export interface Backup {
  /** Our own id of the site. */
  site: string;
  name: string;
  state: BackupState;
  createdAt: number;
}

/** The copy that a rollback makes of what it replaces. It does not count. */
export const safetyName = 'safety';

/** The day of an instant as `DDMMYYYY`, in an IANA time zone. */
export const dayOf = (at: number, timeZone: string): string => {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('day')}${part('month')}${part('year').padStart(4, '0')}`;
};

export const backupName = (day: string, number: number): string => `BAK${day}-${number}`;
