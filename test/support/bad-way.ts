/** A way to an HTTP server on which answers are lost, made up, or never come. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What becomes of one request; `pass` when nothing is said. */
export type Fate =
  | 'pass'
  /** The server carries it out, and the connection ends without its answer. */
  | 'lose'
  /** The server never hears of it, and the connection stays open without an answer. */
  | 'hang'
  /** The server never hears of it; this is the answer. */
  | { status: number; body: string; headers?: Record<string, string> };

export interface Asked {
  method: string;
  path: string;
  body: string;
}

export interface BadWay {
  url: string;
  /** Asked for every request, in the order of their arrival. */
  fateOf: (request: Asked) => Fate;
  /** Requests that have arrived. */
  seen: Asked[];
  /** Resolves at the next request that hangs. */
  nextHang(): Promise<void>;
  close(): Promise<void>;
}

export const startBadWay = async (target: string): Promise<BadWay> => {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let hung: () => void = () => {};

  const pass = (
    incoming: IncomingMessage,
    body: Buffer,
    done: (status: number, headers: object, body: Buffer) => void,
  ) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers, agent: false }, async (reply) => {
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk);
      done(reply.statusCode ?? 500, reply.headers, Buffer.concat(chunks));
    });
    onward.on('error', () => incoming.socket.destroy());
    onward.end(body);
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const asked = { method: incoming.method ?? '', path: incoming.url ?? '', body: body.toString() };
    way.seen.push(asked);
    const fate = way.fateOf(asked);
    if (fate === 'hang') return hung();
    if (typeof fate === 'object') {
      response.writeHead(fate.status, { 'content-type': 'application/json', connection: 'close', ...fate.headers });
      return response.end(fate.body);
    }
    return pass(incoming, body, (status, headers, body) => {
      if (fate === 'lose') return incoming.socket.destroy();
      response.writeHead(status, { ...headers, connection: 'close' });
      return response.end(body);
    });
  };

  const server = createServer((incoming, response) => void answer(incoming, response).catch(() => incoming.destroy()));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const way: BadWay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${new URL(target).pathname.replace(/\/$/, '')}`,
    fateOf: () => 'pass',
    seen: [],
    nextHang: () =>
      new Promise((resolve) => {
        hung = resolve;
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return way;
};
