/** What a command has to say: for people in words, with `--json` as one JSON value and nothing else. */
import { createProgress, type Progress, silentProgress, type Terminal } from './progress.ts';

export interface Output {
  /** The answer of the command; once for each command. */
  answer(value: unknown, words: () => string): void;
  /** A remark for people beside the answer. */
  remark(sentence: string): void;
  progress(): Progress;
  /** For an answer that was given and is not good. */
  exitWith(code: number): void;
}

export const createOutput = (json: boolean, stdout: Terminal = process.stdout): Output => ({
  answer: (value, words) => {
    stdout.write(`${json ? JSON.stringify(value, null, 2) : words()}\n`);
  },
  remark: (sentence) => {
    if (!json) stdout.write(`${sentence}\n`);
  },
  progress: () => (json ? silentProgress : createProgress(stdout)),
  exitWith: (code) => {
    process.exitCode = code;
  },
});

/** Runs a command's work with what it works on, and tells its failure in words. */
export type RunCommand<Tools> = (work: (tools: Tools, output: Output) => Promise<void>) => Promise<void>;
