/** The options of every list, and the line below a page that is not the last one. */
import type { Command } from 'commander';
import { parseWhole } from './arguments.ts';

/** The most that one page holds. */
const mostRows = 200;

export interface ListOptions {
  limit?: number;
  cursor?: string;
}

export const withListOptions = (command: Command): Command =>
  command
    .option('--limit <number>', `rows on a page, ${mostRows} at most`, parseWhole({ min: 1, max: mostRows }), 50)
    .option('--cursor <cursor>', 'the page that a list pointed to');

/** What to add to the same command for the next page; empty on the last one. */
export const moreLine = (cursor: string | null): string =>
  cursor === null ? '' : `\n\nThere are more: add --cursor ${cursor}`;
