/** The CLI and the server as their users have them: child processes on a data directory of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProvisor } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Installation {
  dataDir: string;
  /** Makes the database and the panel `default`, as `migrate` and `panels create` do. */
  setUp(): Promise<void>;
  /** Runs `provisor …` to its end. */
  run(args: string[], environment?: Record<string, string>): Promise<Ran>;
  /** Runs `provisor … --json` and reads its one value. Throws when it fails or says anything else. */
  json<T>(args: string[]): Promise<T>;
  /** Runs `provisor …`, and sends it `signal` once it has said something. */
  interrupt(args: string[], signal: NodeJS.Signals): Promise<Ran>;
  /** Starts a server, which is ended with the test. Returns the address of its API. */
  serve(): Promise<string>;
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const source = (name: string): string => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));

/** A data directory that holds nothing yet; removed with the test. Its path has a space. */
export const createInstallation = async (t: Pick<TestContext, 'after'>): Promise<Installation> => {
  const directory = await mkdtemp(join(tmpdir(), 'provisor cli '));
  const dataDir = join(directory, 'data');
  const stops: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const stop of stops) await stop();
    await rm(directory, { recursive: true, force: true });
  });
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PROVISOR_|NODE_TEST_|NODE_OPTIONS$|DATABASE_URL$)/.test(name),
  );
  const environment = {
    ...Object.fromEntries(inherited),
    PROVISOR_DATA_DIR: dataDir,
    PROVISOR_PORT: '0',
    PROVISOR_SITES_PORT: '0',
    PROVISOR_DNS_PORT: '0',
  };

  const start = (args: string[], more: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [source('cli.ts'), ...args], {
      cwd: directory,
      env: { ...environment, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
      let text = '';
      for await (const chunk of stream.setEncoding('utf8')) text += chunk;
      return text;
    };
    const ran = Promise.all([once(child, 'close'), read(child.stdout), read(child.stderr)]).then(
      ([[code], stdout, stderr]): Ran => ({ code, stdout, stderr }),
    );
    return { child, ran };
  };

  const run = (args: string[], more?: Record<string, string>) => start(args, more).ran;

  const setUp = async () => {
    const provisor = await createProvisor(loadConfig(environment, directory), quiet);
    await provisor.migrate();
    await provisor.panels.create('default');
    await provisor.close();
  };

  return {
    dataDir,
    setUp,
    run,
    json: async <T>(args: string[]) => {
      const { code, stdout, stderr } = await run([...args, '--json']);
      if (code !== 0 || stderr !== '') throw new Error(`provisor ${args.join(' ')}: ${code} ${stdout}${stderr}`);
      return JSON.parse(stdout) as T;
    },
    interrupt: async (args, signal) => {
      const { child, ran } = start(args);
      await once(child.stdout, 'data');
      child.kill(signal);
      return ran;
    },
    serve: async () => {
      const child = spawn(process.execPath, [source('cli.ts'), 'serve'], {
        cwd: directory,
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      stops.push(async () => {
        child.kill('SIGTERM');
        await ended;
      });
      let url: string | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        url = /"url":"([^"]+)".*"msg":"Ready"/.exec(line)?.[1];
        if (url !== undefined) break;
      }
      child.stdout.resume();
      if (url === undefined) throw new Error('The server did not start');
      return url;
    },
  };
};
