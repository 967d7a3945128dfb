/** What a mutant is: the project with few words of code changed, and where that has to be noticed. */

export interface Edit {
  file: string;
  from: string;
  to: string;
}

export interface Mutation {
  name: string;
  /** The promise that does not hold any more. */
  breaks: string;
  edits: Edit[];
  /** Where it has to be noticed. */
  tests: string[];
  /** Runs only the tests of this name there. */
  only?: string;
  /** SQLite makes no race of it: its transactions go one after the other. */
  needsMariaDb?: boolean;
}

export const operations = (file: string, from: string, to: string): Edit => ({
  file: `src/operations/${file}`,
  from,
  to,
});
export const sites = (file: string, from: string, to: string): Edit => ({
  file: `src/features/sites/${file}`,
  from,
  to,
});
