/**
 * One SSH connection for the calls that come close together: to the server that was
 * pinned and no other. To open one takes longer than all else of a call.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { NodeSSH } from 'node-ssh';
import { ProviderError } from '../../../kit/errors.ts';
import { refuseGivenUp } from '../../../kit/provider-call.ts';

export const provider = 'proxy/nginx-ssh';

export interface SshTarget {
  host: string;
  port: number;
  username: string;
  /** File with the private key. */
  keyFile: string;
  /** The server's key as `ssh-keygen -lf` prints it: `SHA256:…`. */
  hostKey: string;
}

export interface Connection {
  /** Runs the command; its input and output are the stream's, and it ends with the stream. */
  exec(command: string): Promise<Duplex>;
  /** A connection from the server to an address that it can reach. */
  reach(host: string, port: number): Promise<Duplex>;
}

const readyMs = 10_000;
/** An open connection that takes longer than this to begin with a command has died without a word. */
const beginMs = 5_000;
/** Kept for this long once nobody uses it. */
const idleMs = 30_000;

const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};

const readKey = async (keyFile: string): Promise<string> => {
  try {
    return await readFile(keyFile, 'utf8');
  } catch (error) {
    throw new ProviderError(provider, 'auth', 'The file in PROVISOR_NGINX_SSH_KEY_FILE cannot be read', {
      cause: error,
    });
  }
};

const open = async (ssh: NodeSSH, target: SshTarget, signal: AbortSignal): Promise<Socket> => {
  const { host, port, username, keyFile, hostKey } = target;
  const privateKey = await readKey(keyFile);
  const sock = connect({ host, port, keepAlive: true, keepAliveInitialDelay: 10_000, signal });
  let isKnown = true;
  try {
    await ssh.connect({
      host,
      port,
      sock,
      username,
      privateKey,
      readyTimeout: readyMs,
      hostVerifier: (key: Buffer) => {
        isKnown = isSame(fingerprint(key), hostKey);
        return isKnown;
      },
    });
    return sock;
  } catch (error) {
    sock.destroy();
    if (!isKnown) {
      throw new ProviderError(
        provider,
        'auth',
        'The nginx server shows another host key than PROVISOR_NGINX_SSH_HOST_KEY: nothing was said to it',
      );
    }
    const { level } = error as { level?: string };
    if (level === 'client-authentication') {
      throw new ProviderError(provider, 'auth', 'The nginx server refuses our key', { cause: error });
    }
    if (/parse privateKey|private key/i.test((error as Error).message)) {
      throw new ProviderError(provider, 'auth', 'The file in PROVISOR_NGINX_SSH_KEY_FILE holds no usable private key');
    }
    throw new ProviderError(provider, 'unavailable', 'The nginx server cannot be reached over SSH', { cause: error });
  }
};

interface Held {
  ssh: NodeSSH;
  sock: Socket;
  users: number;
  /** Nobody else takes it. */
  isRetired: boolean;
  idle?: NodeJS.Timeout | undefined;
}

interface Opening {
  held: Promise<Held>;
  giveUp: AbortController;
  waiting: number;
}

const givenUp = () => new ProviderError(provider, 'unavailable', 'The call was given up');

/** Waits for what is under way, not longer than `signal` says; what is under way goes on. */
const unlessGivenUp = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = () => reject(givenUp());
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });

/** Begins a command. Errors: when the connection has ended, or does not answer in `withinMs`. */
const begin = ({ ssh }: Held, command: string, withinMs: number): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const { connection } = ssh;
    if (!connection) return reject(new Error('the connection has ended'));
    const isOver = () => reject(new Error('the connection ended'));
    const timer = setTimeout(isOver, withinMs);
    connection.once('close', isOver);
    try {
      // The package's own way to run a command ends its input at once, and this is a conversation.
      connection.exec(command, (error: Error | undefined, channel: Duplex & { stderr: Readable }) => {
        clearTimeout(timer);
        connection.removeListener('close', isOver);
        if (error) return reject(error);
        channel.stderr.resume();
        resolve(channel);
      });
    } catch (error) {
      clearTimeout(timer);
      reject(error);
    }
  });

/** The connection to a server, opened when it is needed. */
export const createConnections = (target: SshTarget) => {
  let current: Held | null = null;
  let opening: Opening | null = null;

  const retire = (held: Held): void => {
    held.isRetired = true;
    if (current === held) current = null;
    if (held.users > 0) return;
    clearTimeout(held.idle);
    held.sock.destroy();
  };

  const openNew = async (signal: AbortSignal): Promise<Held> => {
    const ssh = new NodeSSH();
    const held: Held = { ssh, sock: await open(ssh, target, signal), users: 0, isRetired: false };
    // The package listens for errors only while it connects; one that nobody hears would end the process.
    ssh.connection?.on('error', () => {});
    ssh.connection?.once('close', () => retire(held));
    current = held;
    rest(held);
    return held;
  };

  /** Nobody uses it: it keeps no process alive, and ends after a while. */
  const rest = (held: Held): void => {
    held.sock.unref();
    held.idle = setTimeout(() => retire(held), idleMs).unref();
  };

  /** Waits for the one that is being opened. When the last who waits has given up, it is given up too. */
  const opened = async (signal: AbortSignal): Promise<Held> => {
    if (!opening) {
      const giveUp = new AbortController();
      const mine: Opening = { held: openNew(giveUp.signal), giveUp, waiting: 0 };
      opening = mine;
      const forget = () => {
        if (opening === mine) opening = null;
      };
      mine.held.then(forget, forget);
    }
    const mine = opening;
    mine.waiting += 1;
    try {
      return await unlessGivenUp(mine.held, signal);
    } finally {
      mine.waiting -= 1;
      if (signal.aborted && mine.waiting === 0 && opening === mine) {
        opening = null;
        mine.giveUp.abort();
      }
    }
  };

  const take = async (signal: AbortSignal): Promise<{ held: Held; isReused: boolean }> => {
    const isReused = current !== null;
    const held = current ?? (await opened(signal));
    clearTimeout(held.idle);
    held.sock.ref();
    held.users += 1;
    return { held, isReused };
  };

  const release = (held: Held): void => {
    held.users -= 1;
    if (held.users > 0) return;
    if (held.isRetired) held.sock.destroy();
    else rest(held);
  };

  return {
    /** Does the work, which ends at the latest when `signal` aborts. Errors: `unavailable`, `auth`. */
    connected: async <T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> => {
      refuseGivenUp(provider, signal);
      let { held, isReused } = await take(signal);
      const channels = new Set<Duplex>();
      // Whoever is silent holds back all others that come by the same way: they get another.
      const hangUp = () => {
        for (const channel of channels) channel.destroy();
        retire(held);
        if (held.users === 1) held.sock.destroy();
      };
      signal.addEventListener('abort', hangUp, { once: true });
      const kept = (channel: Duplex): Duplex => {
        channels.add(channel);
        if (signal.aborted) hangUp();
        return channel;
      };
      try {
        return await work({
          exec: async (command) => {
            if (!isReused) return kept(await begin(held, command, readyMs));
            try {
              return kept(await begin(held, command, beginMs));
            } catch (error) {
              // It has died since it was last used, and nothing was begun: once more, on a new one.
              if (signal.aborted) throw error;
              retire(held);
              release(held);
              ({ held, isReused } = await take(signal));
              return kept(await begin(held, command, readyMs));
            }
          },
          reach: async (host, port) =>
            kept((await held.ssh.forwardOut('127.0.0.1', 0, host, port)) as unknown as Duplex),
        });
      } finally {
        signal.removeEventListener('abort', hangUp);
        for (const channel of channels) channel.destroy();
        release(held);
      }
    },

    /** Ends the connection, once nobody uses it. */
    close: (): void => {
      if (current) retire(current);
    },
  };
};
