/** One SSH connection for one call: to the server that was pinned and no other, and never longer than the call. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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

const open = async (ssh: NodeSSH, target: SshTarget): Promise<void> => {
  const { host, port, username, keyFile, hostKey } = target;
  const privateKey = await readKey(keyFile);
  let isKnown = true;
  try {
    await ssh.connect({
      host,
      port,
      username,
      privateKey,
      readyTimeout: readyMs,
      hostVerifier: (key: Buffer) => {
        isKnown = isSame(fingerprint(key), hostKey);
        return isKnown;
      },
    });
  } catch (error) {
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

/** Connects, does the work, and hangs up, at the latest when `signal` aborts. Errors: `unavailable`, `auth`. */
export const connected = async <T>(
  target: SshTarget,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<T>,
): Promise<T> => {
  refuseGivenUp(provider, signal);
  const ssh = new NodeSSH();
  const hangUp = () => ssh.connection?.destroy();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    await open(ssh, target);
    // The package listens for errors only while it connects; one that nobody hears would end the process.
    ssh.connection?.on('error', () => {});
    if (signal.aborted) throw new ProviderError(provider, 'unavailable', 'The call was given up');
    return await work({
      // The package's own way to run a command ends its input at once, and this is a conversation.
      exec: (command) =>
        new Promise((resolve, reject) => {
          const { connection } = ssh;
          if (!connection) return reject(new Error('the connection has ended'));
          connection.once('close', () => reject(new Error('the connection ended')));
          connection.exec(command, (error: Error | undefined, channel: Duplex & { stderr: Readable }) => {
            if (error) return reject(error);
            channel.stderr.resume();
            resolve(channel);
          });
        }),
      reach: (host, port) => ssh.forwardOut('127.0.0.1', 0, host, port) as unknown as Promise<Duplex>,
    });
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
};
