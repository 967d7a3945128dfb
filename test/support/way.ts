/** A way to a server on loopback that a test can spoil: what is said on it is lost, or made nonsense, or ends in silence. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type WayMode =
  | 'open'
  /** Nobody listens. */
  | 'down'
  /** What answers is not what it should be. */
  | 'garbage'
  /** Everything is taken, and nothing is answered. */
  | 'silent'
  /** What `isChange` says is a change goes through, and its answer does not come back. */
  | 'losing';

export interface Way {
  readonly port: number;
  set(mode: WayMode): Promise<void>;
  /** Settles when something has been taken that will not be answered. */
  swallowed(): Promise<void>;
  /** Ends every connection there is. */
  cut(): void;
  stop(): Promise<void>;
}

const nonsense = 'HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n<html>\0\u0007}{ no';

/** `isChange` is asked about what a client sends. */
export const startWay = async (
  target: { port: number; wayPort?: number },
  isChange: (bytes: Buffer) => boolean,
): Promise<Way> => {
  const sockets = new Set<Socket>();
  let mode: WayMode = 'open';
  let taken = Promise.withResolvers<void>();

  const keep = (socket: Socket, onEnd: () => void) => {
    sockets.add(socket);
    socket.on('error', onEnd).on('close', () => {
      sockets.delete(socket);
      onEnd();
    });
  };

  const server = createServer((client) => {
    if (mode === 'garbage' || mode === 'silent') {
      keep(client, () => client.destroy());
      client.on('data', () => {
        if (mode === 'garbage') client.end(nonsense);
        else taken.resolve();
      });
      return;
    }
    const upstream = connect(target.port, '127.0.0.1');
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    keep(client, end);
    keep(upstream, end);
    let lost = false;
    client.on('data', (bytes) => {
      lost ||= mode === 'losing' && isChange(bytes);
      upstream.write(bytes);
    });
    client.on('end', () => upstream.end());
    upstream.on('data', (bytes) => {
      if (!lost) return void client.write(bytes);
      taken.resolve();
      end();
    });
    upstream.on('end', () => client.end());
  });

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    cut();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const port = await listen(target.wayPort ?? 0);

  return {
    port,
    set: async (next) => {
      mode = next;
      taken = Promise.withResolvers();
      cut();
      if (next === 'down') await close();
      else if (!server.listening) await listen(port);
    },
    swallowed: () => taken.promise,
    cut,
    stop: close,
  };
};
