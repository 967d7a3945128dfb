/**
 * A fake of the Proxmox VE API over HTTPS: its paths, its parameters (one that the
 * real one does not know is refused), its UPIDs, and errors in the reason phrase.
 * What a real cluster would do beside that is not shown by it.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Fields, routesOf } from './fake-proxmox-routes.ts';
import { createFakeWorld, type FakeWorld, Refusal } from './fake-proxmox-world.ts';
import { selfSigned } from './self-signed.ts';

export interface FakeProxmox {
  world: FakeWorld;
  url: string;
  fingerprint: string;
  cert: string;
  tokenId: string;
  tokenSecret: string;
  /** `METHOD path` of every request, as they came. */
  requests: string[];
  /** Called at the begin of every request. */
  onRequest: (request: string) => void;
  /** Answers of requests like this are lost after they were carried out; the next one, or as often as is said. */
  loseAnswer(request: RegExp, times?: number): void;
  /** The next request like this is refused in these words. */
  refuse(request: RegExp, reason: string, status?: number): void;
  /** The next request like this is never answered and does nothing. */
  hang(request: RegExp): void;
  /** Whether somebody waits for such an answer. */
  isHanging: () => boolean;
  close(): Promise<void>;
}

const tokenId = 'provisor@pve!test';
const tokenSecret = '8c1f8f7e-0000-4000-8000-5ec4e7c0ffee';

/** Starts one whose containers have their files in `dir`. Its clock is the real one unless a test drives it. */
export const startFakeProxmox = async (dir: string, now: () => number = Date.now): Promise<FakeProxmox> => {
  const world = createFakeWorld(dir, now);
  const routes = routesOf(world);
  const { key, cert, fingerprint } = selfSigned(dir);
  let losing: { request: RegExp; times: number } | null = null;
  let hanging: RegExp | null = null;
  let hung = 0;
  let refusing: { request: RegExp; reason: string; status: number } | null = null;

  const carryOut = (method: string, path: string, fields: Fields): unknown => {
    const node = /^\/nodes\/([^/]+)/.exec(path)?.[1];
    if (node !== undefined && !world.nodes.get(node)?.online) throw new Refusal('No route to host', 595);
    for (const [wished, form, known, answer] of routes) {
      const match = wished === method ? form.exec(path) : null;
      if (!match) continue;
      const unknown = Object.keys(fields).filter((name) => !known.includes(name));
      if (unknown.length > 0) {
        const errors = Object.fromEntries(unknown.map((name) => [name, 'property is not defined in schema']));
        throw new Refusal('Parameter verification failed.', 400, errors);
      }
      return answer(match as string[], fields);
    }
    throw new Refusal(`Method '${method} ${path}' not implemented`, 501);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://fake');
    const [method = '', path] = [request.method, pathname.replace(/^\/api2\/json/, '')];
    const line = `${method} ${path}`;
    fake.requests.push(line);
    fake.onRequest(line);
    const say = (status: number, reason: string, value: unknown) => {
      response.writeHead(status, reason, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    world.settle();
    if (hanging?.test(line)) {
      hanging = null;
      hung += 1;
      request.socket.once('close', () => {
        hung -= 1;
      });
      return;
    }
    try {
      if (request.headers.authorization !== `PVEAPIToken=${tokenId}=${tokenSecret}`) {
        throw new Refusal('permission denied - invalid PVE ticket', 401);
      }
      if (refusing?.request.test(line)) {
        const { reason, status } = refusing;
        refusing = null;
        throw new Refusal(reason, status);
      }
      const fields = Object.fromEntries(body === '' ? searchParams : new URLSearchParams(body));
      const data = carryOut(method, path, fields);
      if (losing?.request.test(line)) {
        losing = losing.times > 1 ? { ...losing, times: losing.times - 1 } : null;
        request.socket.destroy();
        return;
      }
      say(200, 'OK', { data });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      say(error.status, error.message, { data: null, ...(error.errors ? { errors: error.errors } : {}) });
    }
  };

  const server = createServer({ key, cert }, (request, response) => {
    handle(request, response).catch((error: unknown) => request.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fake: FakeProxmox = {
    world,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fingerprint,
    cert,
    tokenId,
    tokenSecret,
    requests: [],
    onRequest: () => {},
    loseAnswer: (request, times = 1) => {
      losing = { request, times };
    },
    refuse: (request, reason, status = 500) => {
      refusing = { request, reason, status };
    },
    isHanging: () => hung > 0,
    hang: (request) => {
      hanging = request;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
};
