import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Where a connection is cut: before the COMMIT reaches the server, or after it was carried out and before anybody hears of it. */
export type Cut = 'before' | 'after';

/**
 * A way to a MySQL server that cuts connections at COMMIT. `cutAt` is asked at
 * every COMMIT, counted from 1.
 */
export const startCuttingProxy = async (target: URL, cutAt: (commit: number) => Cut | null) => {
  const sockets = new Set<Socket>();
  let commits = 0;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    let silent = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (bytes) => {
      const when = bytes.includes('COMMIT;') ? cutAt(++commits) : null;
      if (when) cuts += 1;
      if (when === 'before') return cut();
      silent ||= when === 'after';
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => (silent ? cut() : client.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cuts: () => cuts,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
