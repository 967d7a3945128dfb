/** What a check found. */
export interface Finding {
  check: string;
  state: 'good' | 'note' | 'bad';
  /** A sentence. */
  finding: string;
  /** What to do about it. */
  remedy?: string;
}

export const good = (check: string, finding: string): Finding => ({ check, state: 'good', finding });

/** For what is worth knowing and needs no deed. */
export const note = (check: string, finding: string): Finding => ({ check, state: 'note', finding });

export const bad = (check: string, finding: string, remedy: string): Finding => ({
  check,
  state: 'bad',
  finding,
  remedy,
});

export const isBad = ({ state }: Finding): boolean => state === 'bad';
