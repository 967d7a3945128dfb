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

/** How the command ends: 0 when all is in order, 2 when Provisor cannot work at all, else 1. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 | 2 => {
  const wrong = findings.filter(isBad).map(({ check }) => check);
  if (wrong.includes('configuration') || wrong.includes('database')) return 2;
  return wrong.length > 0 ? 1 : 0;
};

export const isBad = ({ state }: Finding): boolean => state === 'bad';
