import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { NodeSSH } from 'node-ssh';
import type { Clock } from '../../../kit/clock.ts';
import { ProviderError } from '../../../kit/errors.ts';
import { refuseGivenUp } from '../../../kit/provider-call.ts';
import { failure, oneLine, provider } from './failure.ts';

/**
 * Work inside a container: `pct exec <vmid> -- bash -s` on its node, over SSH.
 * The command never differs but for the number. The script goes over stdin, and
 * after it, base64 and a line each, what the script reads: so nothing that a
 * customer chose is ever part of a command line or of a script.
 */
export interface Guest {
  /**
   * Runs a script that ends by itself before the data begins, at most 20 seconds,
   * and gives back what it wrote. Errors: `unavailable` when the node cannot be
   * reached, `auth`, `invalid` with the last line when the script fails,
   * `unknown_outcome` when the end was not heard.
   */
  run(
    at: { node: string; vmid: number },
    script: string,
    data: readonly string[],
    signal: AbortSignal,
  ): Promise<string>;
}

export interface SshOptions {
  user: string;
  keyFile: string;
  /** `SHA256:…` as ssh-keygen shows it; one for each node. */
  hostKeys: readonly string[];
  /** Addresses of nodes that are not reached by their own name. */
  hosts: Readonly<Record<string, { host: string; port: number }>>;
  clock: Clock;
}

const timeoutMs = 20_000;
const connectMs = 10_000;
/** Of what one script may say. Ours say a few lines. */
const mostBytes = 16 * 1024 * 1024;

const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** Bash reads its script from a pipe byte by byte, so what follows the script's end is left for `read`. */
const stdinOf = (script: string, data: readonly string[]): string =>
  `${script.trimEnd()}\n${data.map((each) => `${Buffer.from(each).toString('base64')}\n`).join('')}`;

export const createGuest = ({ user, keyFile, hostKeys, hosts, clock }: SshOptions): Guest => {
  const connect = async (node: string, ssh: NodeSSH): Promise<void> => {
    const { host, port } = hosts[node] ?? { host: node, port: 22 };
    let isKnown = true;
    let privateKey: string;
    try {
      privateKey = await readFile(keyFile, 'utf8');
    } catch {
      throw failure('auth', 'The SSH key for the nodes of Proxmox cannot be read');
    }
    try {
      await ssh.connect({
        host,
        port,
        username: user,
        privateKey,
        readyTimeout: connectMs,
        hostVerifier: (key: Buffer) => {
          isKnown = hostKeys.includes(fingerprint(key));
          return isKnown;
        },
      });
    } catch (error) {
      if (!isKnown) throw failure('auth', `The node ${node} has another SSH host key than the pinned ones`);
      // Levels of ssh2; its messages are not passed on, as they may quote what was sent.
      const { level, code } = error as { level?: string; code?: string };
      if (level === 'client-authentication') throw failure('auth', `The node ${node} does not take the SSH key`);
      throw failure('unavailable', `The node ${node} cannot be reached over SSH (${code ?? level ?? 'no answer'})`);
    }
    // After the handshake nobody else listens, and an error that nobody hears ends the process.
    ssh.connection?.on('error', () => undefined);
  };

  return {
    run: async ({ node, vmid }, script, data, signal) => {
      refuseGivenUp(provider, signal);
      if (!Number.isSafeInteger(vmid) || vmid <= 0)
        throw failure('invalid', 'That cannot be the number of a container');
      const ssh = new NodeSSH();
      const what = `The script in CT ${vmid}`;
      let hasBegun = false;
      let bytes = 0;
      let stop = () => {};
      const stopped = new Promise<never>((_resolve, reject) => {
        stop = () => {
          const why = bytes > mostBytes ? 'it says too much' : signal.aborted ? 'given up' : 'no end in time';
          reject(failure(hasBegun ? 'unknown_outcome' : 'unavailable', `${what}: ${why}`));
        };
      });
      const timer = clock.after(timeoutMs, stop);
      signal.addEventListener('abort', stop, { once: true });
      const work = async (): Promise<string> => {
        await connect(node, ssh);
        refuseGivenUp(provider, signal);
        hasBegun = true;
        const command = `${user === 'root' ? '' : 'sudo -n '}pct exec ${vmid} -- bash -s`;
        const count = (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > mostBytes) stop();
        };
        const ended = await ssh.execCommand(command, {
          stdin: stdinOf(script, data),
          onStdout: count,
          onStderr: count,
        });
        if (ended.code === 0) return ended.stdout;
        if (ended.code === null) throw failure('unknown_outcome', `${what}: the connection was lost`);
        const lastLine = oneLine(ended.stderr.split('\n').findLast((line) => line.trim()) ?? '');
        throw failure('invalid', `${what} ended with ${ended.code}: ${lastLine}`);
      };
      try {
        return await Promise.race([work(), stopped]);
      } catch (error) {
        if (error instanceof ProviderError) throw error;
        throw failure(hasBegun ? 'unknown_outcome' : 'unavailable', `${what}: the connection failed`);
      } finally {
        timer.cancel();
        signal.removeEventListener('abort', stop);
        ssh.dispose();
      }
    },
  };
};
