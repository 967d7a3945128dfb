/** The conversation with remote-script.ts: what there is, what is to change, and what nginx says of it. */

import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { ProviderError } from '../../../kit/errors.ts';
import { type Connection, provider } from './connection.ts';

/** A configuration file by its name and first line. */
export interface SeenFile {
  name: string;
  firstLine: string;
}

export type Change =
  | { verb: 'put' | 'new'; name: string; content: string }
  /** `keep` changes no file, and has nginx read them again. */
  | { verb: 'delete' | 'keep'; name: string };

interface Turn {
  files: SeenFile[];
  status: number;
  said: string;
  exists: boolean;
}

/** What goes wrong after `go` may have been done all the same. */
class Broken extends Error {
  readonly gone: boolean;

  constructor(gone: boolean, cause?: unknown) {
    super('the conversation broke off', { cause });
    this.gone = gone;
  }
}

/** Of all that one conversation says. Our files are small, and whoever sends more is not our script. */
const mostBytes = 16 * 1024 * 1024;

const turns = (channel: Duplex) => {
  channel.on('error', () => {});
  let bytes = 0;
  channel.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) channel.destroy();
  });
  const reader = createInterface({ input: channel, crlfDelay: Number.POSITIVE_INFINITY });
  // One that is cut off has no end of its own.
  channel.on('close', () => reader.close());
  const lines = reader[Symbol.asyncIterator]();
  return async (): Promise<Turn | null> => {
    const turn: Turn = { files: [], status: -1, said: '', exists: false };
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return null;
      const [word, rest] = [value.split(' ', 1)[0]!, value.slice(value.indexOf(' ') + 1)];
      if (value === 'end') return turn;
      if (word === 'file') turn.files.push({ name: rest.replace(/^\.\//, ''), firstLine: '' });
      else if (word === 'line') turn.files.at(-1)!.firstLine = rest;
      else if (word === 'test' || word === 'reload') turn.status = Number(rest);
      else if (word === 'say') turn.said += `${rest}\n`;
      else if (value === 'exists') turn.exists = true;
    }
  };
};

/** What nginx said, short enough to be read and stored. */
const quoted = (said: string): string => said.trim().replaceAll('\n', '; ').slice(0, 500);

/** The names that nginx ignores in one of two places. They are answered by whoever came first. */
const doubledNames = (said: string): string[] =>
  [...said.matchAll(/conflicting server name "([^"]+)" on/g)].map(([, name]) => name!);

/**
 * Looks at the files, lets `decide` say what is to change, and carries it out:
 * whole, tested and loaded, or not at all. `decide` runs while nobody else can
 * change anything. Errors: `invalid` with what nginx says, `conflict`, `unavailable`,
 * `unknown_outcome`, and what `decide` throws.
 */
export const converse = async (
  connection: Connection,
  command: string,
  decide: (files: SeenFile[]) => { change: Change; names: readonly string[] } | null,
): Promise<void> => {
  let gone = false;
  try {
    const channel = await connection.exec(command);
    const next = turns(channel);
    const take = async (): Promise<Turn> => {
      const turn = await next();
      if (!turn) throw new Broken(gone);
      return turn;
    };

    const decided = decide((await take()).files);
    if (!decided) {
      channel.end();
      return;
    }
    const { change, names } = decided;
    const content = 'content' in change ? Buffer.from(change.content) : Buffer.alloc(0);
    channel.write(Buffer.concat([Buffer.from(`${change.verb} ${change.name} ${content.length}\n`), content]));
    const tested = await take();
    if (tested.exists) {
      throw new ProviderError(provider, 'conflict', `There is a file ${change.name} that is not ours`);
    }
    const taken = doubledNames(tested.said).find((name) => names.includes(name));
    if (tested.status !== 0 || taken !== undefined) {
      channel.end('back\n');
      const before = await take();
      if (tested.status === 0) {
        throw new ProviderError(provider, 'conflict', `The host name ${taken} is in another part of the configuration`);
      }
      throw before.status === 0
        ? new ProviderError(
            provider,
            'invalid',
            `nginx refuses this, and has its old configuration back: ${quoted(tested.said)}`,
          )
        : new ProviderError(
            provider,
            'unavailable',
            `The configuration of nginx was broken before, and was left as it was: ${quoted(before.said)}`,
          );
    }
    gone = true;
    channel.end('go\n');
    const reloaded = await take();
    if (reloaded.status !== 0) {
      throw new ProviderError(
        provider,
        'unavailable',
        `nginx could not be told to read its configuration, which is as before: ${quoted(reloaded.said)}`,
      );
    }
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    if (gone) {
      throw new ProviderError(provider, 'unknown_outcome', 'The nginx server did not answer; the change may be made', {
        cause: error,
      });
    }
    throw new ProviderError(
      provider,
      'unavailable',
      'The nginx server broke off, or another change took too long, or the directory for our files is not there',
      { cause: error },
    );
  }
};
