/** A server in a process of its own, started for a measure and ended with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Child {
  name: string;
  url: string;
  pid: number;
  /** Milliseconds from its start until it answered. */
  startMs: number;
  stop(): Promise<void>;
}

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  environment: Record<string, string>;
  port: number;
  /** Asked until it answers 200. */
  readyPath: string;
  headers?: Record<string, string>;
}

const startTimeoutMs = 30_000;
const running = new Set<ChildProcess>();

/** Ends whatever a measure that failed has left. */
export const endAllChildren = async (): Promise<void> => {
  await Promise.all([...running].map(end));
};

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  }
  running.delete(child);
};

/** Starts it and waits until it serves. Errors: what it wrote, when it ends before or takes too long. */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  const { name, command, args, environment, port, readyPath, headers = {} } = options;
  const began = performance.now();
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let wrote = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      wrote = `${wrote}${chunk}`.slice(-4000);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  while (performance.now() - began < startTimeoutMs) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const ready = await fetch(url + readyPath, { headers }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status === 200;
      },
      () => false,
    );
    if (ready) {
      return { name, url, pid: child.pid!, startMs: performance.now() - began, stop: () => end(child) };
    }
    await wait(10);
  }
  await end(child);
  throw new Error(`${name} did not start:\n${wrote}`);
};
