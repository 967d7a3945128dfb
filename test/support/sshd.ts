/** A real OpenSSH server on loopback, with keys and configuration of its own, that runs one command and no other. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));

/** Whether OpenSSH's server is on this machine. */
export const hasSshd = (): boolean => program !== undefined;

export interface Sshd {
  port: number;
  user: string;
  keyFile: string;
  /** `SHA256:…` */
  hostKey: string;
  /** Ends it, connections under way included. */
  stop(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
};

const makeKey = async (file: string): Promise<string> => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const shown = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' });
  return shown.split(' ')[1] ?? '';
};

/** Starts one in `dir`; whoever has the key gets `command`, with what was asked for in SSH_ORIGINAL_COMMAND. */
export const startSshd = async (dir: string, command: string): Promise<Sshd> => {
  if (!program) throw new Error('sshd is not installed (apt-get install openssh-server)');
  // As root it drops its privileges into this directory, which a system without a running sshd lacks.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKeyFile = join(dir, 'ssh_host_key');
  const keyFile = join(dir, 'ssh_user_key');
  const hostKey = await makeKey(hostKeyFile);
  await makeKey(keyFile);
  await writeFile(join(dir, 'authorized_keys'), await readFile(`${keyFile}.pub`));
  await chmod(keyFile, 0o600);
  const port = await freePort();
  const config = join(dir, 'sshd_config');
  await writeFile(
    config,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey "${hostKeyFile}"
AuthorizedKeysFile "${join(dir, 'authorized_keys')}"
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
ForceCommand ${command}
`,
  );
  const child = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let wrote = '';
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      wrote += `${line}\n`;
      if (line.includes('Server listening on')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`sshd ended with ${code}:\n${wrote}`)));
  });
  return {
    port,
    user: userInfo().username,
    keyFile,
    hostKey,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
};
