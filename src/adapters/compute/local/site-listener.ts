import { once } from 'node:events';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Log } from '../../../kit/log.ts';
import type { Locks } from './locks.ts';
import { socketPathFor } from './socket-path.ts';

/**
 * Serves the sites on their unix socket. Of several processes on one data
 * directory the holder of the server lock does; the others try again and again,
 * and one of them takes over as soon as it ends, whether it closes or dies.
 */
export interface SiteListener {
  /** Errors: a sentence that says what to change. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface SiteListenerOptions {
  dataDir: string;
  locks: Locks;
  onRequest: RequestListener;
  log: Log;
}

/** The lock of the one process that serves. */
export const serverLock = 'server';

const takeOverMs = 500;
const closingMs = 5_000;

const makePrivateDir = async (dir: string): Promise<void> => {
  await mkdir(dir, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  // In a directory that all may write to, someone else may have been there first.
  const stats = await lstat(dir);
  if (!stats.isDirectory() || stats.uid !== userInfo().uid || (stats.mode & 0o077) !== 0) {
    throw new Error(
      `${dir} is not a private directory of ours: remove it, or use a data directory with a shorter path`,
    );
  }
};

const endServer = async (server: Server, sockets: Set<Socket>, onSocketGone: () => void): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  onSocketGone();
  server.closeIdleConnections();
  // Node counts a connection as idle only after its first request.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  const force = setTimeout(() => server.closeAllConnections(), closingMs);
  await closed;
  clearTimeout(force);
};

const createSiteServer = (onRequest: RequestListener, sockets: Set<Socket>): Server => {
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 30_000 });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    response.on('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    onRequest(request, response);
  });
  return server;
};

export const createSiteListener = ({ dataDir, locks, onRequest, log }: SiteListenerOptions): SiteListener => {
  const { path, temporaryDir } = socketPathFor(dataDir);
  let timer: NodeJS.Timeout | undefined;
  let serving: { server: Server; sockets: Set<Socket>; release: () => void } | undefined;
  let attempt: Promise<void> = Promise.resolve();

  const tryToServe = async (): Promise<void> => {
    if (serving) return;
    if (temporaryDir) await makePrivateDir(temporaryDir);
    const release = locks.tryAcquire(serverLock);
    if (!release) return;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Who holds the lock knows that nobody serves: a socket that is there belongs to the dead.
      await rm(path, { force: true });
      const sockets = new Set<Socket>();
      const server = createSiteServer(onRequest, sockets);
      server.listen(path);
      await once(server, 'listening');
      server.on('error', (error) => log.error({ err: error }, 'the server of the local sites has trouble'));
      serving = { server, sockets, release };
      log.debug({ path }, 'The local sites are served');
    } catch (error) {
      release();
      throw error;
    }
  };

  return {
    open: async () => {
      if (timer) return;
      attempt = tryToServe();
      timer = setInterval(() => {
        attempt = attempt.then(tryToServe).catch((error) => {
          log.error({ err: error, path }, 'the local sites cannot be served');
        });
      }, takeOverMs);
      timer.unref();
      try {
        await attempt;
      } catch (error) {
        clearInterval(timer);
        timer = undefined;
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`The local sites cannot be served on ${path}: ${reason}`, { cause: error });
      }
    },
    close: async () => {
      clearInterval(timer);
      timer = undefined;
      await attempt.catch(() => undefined);
      const closing = serving;
      serving = undefined;
      if (!closing) return;
      // Its socket is gone as soon as it closes, so another process may take over while answers under way finish.
      await endServer(closing.server, closing.sockets, closing.release);
    },
  };
};
