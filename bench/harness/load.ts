/** Load from another process: wrk, told by a file what to ask for. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const script = fileURLToPath(new URL('./load.lua', import.meta.url));

export interface Wish {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
}

export interface LoadOptions {
  /** Sent in turn. `{n}` in a path or a body is a number that no other request has. */
  wishes: Wish[];
  headers: Record<string, string>;
  connections: number;
  seconds: number;
}

const output = z.object({
  requests: z.number(),
  durationMs: z.number(),
  refused: z.number(),
  broken: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});

export type Load = z.infer<typeof output>;

// wrk's numbers are doubles, so this stays whole.
let serial = Date.now() * 1000;

/** Errors: an answer that was not 2xx or 3xx, or a connection that broke: what is measured must be what was meant. */
export const putLoadOn = async (url: string, options: LoadOptions): Promise<Load> => {
  const { wishes, headers, connections, seconds } = options;
  const folder = await mkdtemp(join(tmpdir(), 'provisor-load-'));
  try {
    const file = join(folder, 'requests');
    const lines = wishes.map(({ method, path, body }) =>
      [method, path, ...(body === undefined ? [] : [JSON.stringify(body)])].join('\t'),
    );
    await writeFile(file, `${lines.join('\n')}\n`);
    serial += 10_000_000;
    const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const { stdout } = await promisify(execFile)('wrk', [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--timeout=10s',
      '--latency',
      ...given,
      '-s',
      script,
      url,
      '--',
      file,
      String(serial),
    ]);
    const json = stdout.split('\n').find((line) => line.startsWith('{'));
    const load = output.parse(JSON.parse(json ?? 'null'));
    if (load.refused > 0 || load.broken > 0 || load.requests === 0) {
      throw new Error(
        `${url}: of ${load.requests} requests ${load.refused} were refused and ${load.broken} were broken off`,
      );
    }
    return load;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
