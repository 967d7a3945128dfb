/**
 * `npm run demo`: a server of its own in a temporary directory, and a billing
 * panel that takes a site through its life over HTTP. Nothing is left behind;
 * the exit code is 0 when everything was as it should be.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Api, createProvisor, type Schema } from '../extensions/clients/typescript/src/provisor.ts';
import { createProgress } from '../src/cli/progress.ts';
import { formatDuration } from '../src/kit/duration.ts';

type Site = Schema<'Site'>;
type Operation = Schema<'Operation'>;

const startMs = 20_000;
const endMs = 25_000;
const requestMs = 30_000;
const wish = { service_id: '1001', email: 'alice@example.com', plan: 'basic' };

const color = (code: number) => (text: string) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, green, soft] = [color(1), color(32), color(2)];
const say = (line = '') => process.stdout.write(`${line}\n`);

/** Throws a sentence when what came is not what was to come. */
const expectEqual = (what: string, got: unknown, wanted: unknown): void => {
  if (got !== wanted) throw new Error(`${what} should be ${String(wanted)}, and is ${String(got)}.`);
};

const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PROVISOR_') && name !== 'DATABASE_URL'),
  );

interface Server {
  url: string;
  key: string;
}

/** The address in the server's `Ready` line. Errors: what it wrote, when it ends before. */
const readyUrl = async (child: ChildProcess): Promise<string> => {
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const late = setTimeout(() => child.kill('SIGKILL'), startMs);
  let ready: string | undefined;
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.startsWith('{')) continue;
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg !== 'Ready') continue;
    ready = url;
    break;
  }
  clearTimeout(late);
  if (ready === undefined) throw new Error(`The server did not start.\n${errors}`);
  // What it says from now on is read by nobody, and must not fill the pipe.
  child.stdout?.resume();
  return ready;
};

const startServer = (directory: string) => {
  const dataDir = join(directory, 'data');
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
    cwd: directory,
    // Port 0 is any free one: nothing that runs on this machine is in the way.
    env: {
      ...ownEnvironment(),
      PROVISOR_DATA_DIR: dataDir,
      PROVISOR_PORT: '0',
      PROVISOR_SITES_PORT: '0',
      PROVISOR_DNS_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  return {
    ready: async (): Promise<Server> => {
      const url = await readyUrl(child);
      return { url, key: (await readFile(join(dataDir, 'panel.key'), 'utf8')).trim() };
    },
    /** Ends it, and waits until it has ended. Returns its exit code. */
    stop: async (): Promise<number | null> => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), endMs);
      const [code] = await ended;
      clearTimeout(late);
      return code;
    },
  };
};

/** The panel: our own client, and the progress of what it begins. */
const createPanel = ({ url, key }: Server) => {
  const provisor = createProvisor({ baseUrl: url, key });

  /** Shows an operation's progress from its event stream until it is at rest. */
  const follow = async (id: string): Promise<Operation> => {
    const progress = createProgress(process.stdout);
    const stream = await provisor.call(({ GET }) =>
      GET('/v1/operations/{operation_id}/events', { params: { path: { operation_id: id } }, parseAs: 'stream' }),
    );
    let text = '';
    let last: Operation | undefined;
    try {
      for await (const chunk of stream!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data === undefined) continue;
          last = JSON.parse(data) as Operation;
          progress.show(last.percent, last.message);
        }
      }
    } finally {
      progress.end();
    }
    expectEqual(`The operation ${id}`, last?.state, 'done');
    return last!;
  };

  /** A call that begins an operation, followed to its end. */
  const change = async (send: (api: Api) => Promise<{ data?: Site; response: Response }>): Promise<Site> => {
    const site = await provisor.call(send);
    await follow(site.operation!.id);
    return site;
  };

  return { call: provisor.call, change };
};

interface Visit {
  status: number;
  title: string;
  body: string;
}

/** What a visitor's browser gets. The name need not be known here: it goes into the Host header. */
const visit = (address: string): Promise<Visit> => {
  const { host, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path: '/', headers: { Host: host }, timeout: requestMs },
      async (response) => {
        const body = (await response.setEncoding('utf8').toArray()).join('');
        const title = /<title>(.*?)<\/title>/.exec(body)?.[1] ?? '';
        resolve({ status: response.statusCode ?? 0, title, body });
      },
    );
    call.on('timeout', () => call.destroy(new Error(`No answer from ${address}`)));
    call.on('error', reject);
    call.end();
  });
};

const play = async (server: Server): Promise<void> => {
  const panel = createPanel(server);
  const params = { path: { service_id: wish.service_id } };

  const step = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    say(bold(title));
    const begin = performance.now();
    const result = await work();
    say(`  ${green('✓')} ${soft(formatDuration(performance.now() - begin))}`);
    return result;
  };
  const look = async (address: string, status: number, part?: string): Promise<void> => {
    const page = await visit(address);
    say(`  ${address} → ${page.status} “${page.title}”`);
    expectEqual('The status of the page', page.status, status);
    if (part === undefined) return;
    if (!page.body.includes(part)) throw new Error(`The page does not say “${part}”.`);
    say(`  It says “${part}”.`);
  };

  const created = await step('Create a site with the plan basic', () =>
    panel.change(({ POST }) => POST('/v1/sites', { body: wish })),
  );
  const address = created.url!;
  await step('Open its page', () => look(address, 200, 'Plan: basic'));
  await step('Suspend it: the invoice is overdue', async () => {
    const body = { reason: 'Invoice 1042 is overdue' };
    await panel.change(({ POST }) => POST('/v1/sites/{service_id}/suspend', { params, body }));
    await look(address, 503);
  });
  await step('Unsuspend it: the invoice is paid', async () => {
    await panel.change(({ POST }) => POST('/v1/sites/{service_id}/unsuspend', { params }));
    await look(address, 200);
  });
  await step('Upgrade it to premium', async () => {
    await panel.change(({ POST }) => POST('/v1/sites/{service_id}/upgrade', { params, body: { plan: 'premium' } }));
    await look(address, 200, 'Plan: premium');
  });
  await step('Reset it to how it was at the start', async () => {
    await panel.change(({ POST }) =>
      POST('/v1/sites/{service_id}/actions/{action}', { params: { path: { ...params.path, action: 'reset' } } }),
    );
    await look(address, 200);
  });
  await step('Send the same create again: nothing is made twice', async () => {
    const repeated = await panel.call(({ POST }) => POST('/v1/sites', { body: wish }));
    say(`  Operation ${repeated.operation?.id}`);
    expectEqual('The operation of the repeat', repeated.operation?.id, created.operation?.id);
  });
  await step('Delete it', async () => {
    await panel.change(({ DELETE }) => DELETE('/v1/sites/{service_id}', { params }));
    await look(address, 404);
  });
};

const main = async (): Promise<void> => {
  const begin = performance.now();
  const directory = await mkdtemp(join(tmpdir(), 'provisor demo '));
  const running = startServer(directory);
  let ending: Promise<number | null> | undefined;
  const end = (): Promise<number | null> => {
    ending ??= running.stop().finally(() => rm(directory, { recursive: true, force: true }));
    return ending;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end().finally(() => process.exit(1)));
  try {
    const server = await running.ready();
    say(`A server runs on ${server.url} (ready after ${formatDuration(performance.now() - begin)}).`);
    say();
    await play(server);
  } catch (error) {
    await end();
    throw error;
  }
  expectEqual('The exit code of the server', await end(), 0);
  say();
  say(`Everything was as it should be, in ${formatDuration(performance.now() - begin)}. Nothing is left behind.`);
};

try {
  await main();
} catch (error) {
  process.stdout.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
