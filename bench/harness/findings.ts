import type { Figure } from './statistics.ts';

/** One line of a table: what one side did, all rounds together. */
export interface Line {
  subject: string;
  figures: Record<string, Figure>;
}

/** A claim. It is always a ratio of two things of the same run, or a time or a size that somebody has to live with. */
export interface Claim {
  what: string;
  value: Figure;
  unit?: string;
  goal?: { most: number } | { least: number };
  /** Where the rest goes, for when the goal is not met. */
  rest?: string;
}

export interface Findings {
  lines: Line[];
  claims: Claim[];
  /** What was measured, against what, and what it leaves out. */
  notes: string[];
}

export const isMet = ({ value, goal }: Claim): boolean | null => {
  if (!goal) return null;
  return 'most' in goal ? value.median <= goal.most : value.median >= goal.least;
};
