/** Provisor as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { noRateLimits } from './rate-limits.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface ServerProcess {
  url: string;
  key: string;
  /** Milliseconds from the start of the process until it served. */
  startMs: number;
  child: ChildProcess;
  /** Sends a signal and waits for the end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts one on a data directory and waits until it serves. Errors: what it wrote, when it ended before. */
export const startServer = async (
  dataDir: string,
  environment: Record<string, string> = {},
): Promise<ServerProcess> => {
  const began = performance.now();
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      PROVISOR_DATA_DIR: dataDir,
      PROVISOR_PORT: '0',
      PROVISOR_SITES_PORT: '0',
      PROVISOR_DNS_PORT: '0',
      ...noRateLimits,
      ...environment,
    },
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let wrote = '';
  child.stderr.on('data', (chunk) => {
    wrote += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      wrote += `${line}\n`;
      if (line.startsWith('{') && line.includes('"msg":"Ready"')) resolve(JSON.parse(line).url);
    });
    child.once('exit', (code, signal) => reject(new Error(`The server ended with ${code ?? signal}:\n${wrote}`)));
  });
  const startMs = performance.now() - began;
  return {
    url,
    key: (await readFile(join(dataDir, 'panel.key'), 'utf8')).trim(),
    startMs,
    child,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return { code: child.exitCode, signal: child.signalCode };
    },
  };
};
