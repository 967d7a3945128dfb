/** Real servers for tests: started in the foreground on loopback, and ended with their test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/bin'];

/** Where a program is. Errors: which package brings it. */
export const programPath = (name: string, debianPackage: string): string => {
  const path = folders.map((folder) => join(folder, name)).find((each) => existsSync(each));
  if (!path) throw new Error(`${name} is not installed. On Debian: apt-get install ${debianPackage}`);
  return path;
};

/** Ports on loopback that were free a moment ago, all different. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const { port } = server.address() as { port: number };
      server.close();
      await once(server, 'close');
      return port;
    }),
  );
};

export const runProgram = promisify(execFile);

export interface Program {
  child: ChildProcess;
  /** What it has written so far, both streams. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts a program and waits until `isReady`. Errors: what it wrote, when it ends or is not ready in 20 seconds. */
export const startProgram = async (
  path: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; isReady: () => Promise<boolean> },
): Promise<Program> => {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(options.env ? { env: options.env } : {}) });
  let output = '';
  const streams = [child.stdout, child.stderr] as Socket[];
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = `${output}${text}`.slice(-20_000);
    });
  }
  const stop = async () => {
    // What it began may outlive it and hold them, as the sessions of an sshd do: they keep no test alive.
    for (const stream of streams) stream.unref();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  };
  const deadline = performance.now() + 20_000;
  while (!(await options.isReady().catch(() => false))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`${path} did not get ready:\n${output}`);
    }
    await wait(20);
  }
  return { child, output: () => output, stop };
};
