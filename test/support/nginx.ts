/** A real nginx and a real sshd of our own on loopback, as an operator would have them on a server of his. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePorts, programPath, runProgram, startProgram } from './program.ts';
import { visitAt } from './upstream.ts';

export interface TestSshd {
  port: number;
  username: string;
  keyFile: string;
  /** `SHA256:…` */
  hostKey: string;
  stop(): Promise<void>;
}

const makeKey = async (file: string): Promise<void> => {
  await runProgram(programPath('ssh-keygen', 'openssh-client'), ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
};

/** An sshd that lets in whoever runs the tests, by a key that is made for it. */
export const startSshd = async (dir: string): Promise<TestSshd> => {
  const username = userInfo().username;
  const [port] = (await freePorts(1)) as [number];
  const [hostKeyFile, keyFile, config] = ['host_key', 'key', 'sshd_config'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await makeKey(hostKeyFile);
  await makeKey(keyFile);
  await writeFile(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKeyFile}`,
      `PidFile ${join(dir, 'sshd.pid')}`,
      `AuthorizedKeysFile ${keyFile}.pub`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
    ].join('\n'),
  );
  // Debian makes it when the service starts, which here it does not.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const program = await startProgram(programPath('sshd', 'openssh-server'), ['-D', '-e', '-f', config], {
    isReady: async () => {
      await runProgram(programPath('ssh-keyscan', 'openssh-client'), ['-p', String(port), '127.0.0.1']).then(
        ({ stdout }) => {
          if (!stdout.includes('ssh-ed25519')) throw new Error('not yet');
        },
      );
      return true;
    },
  });
  const { stdout } = await runProgram(programPath('ssh-keygen', 'openssh-client'), ['-lf', `${hostKeyFile}.pub`]);
  return { port, username, keyFile, hostKey: stdout.split(' ')[1]!, stop: program.stop };
};

export interface TestNginx {
  ssh: TestSshd;
  sitesPort: number;
  dir: string;
  /** Where our files go. */
  directory: string;
  commands: { test: string; reload: string };
  /** Names and contents of everything in `directory`. */
  dump(): Promise<string>;
  stop(): Promise<void>;
}

export const startNginx = async (): Promise<TestNginx> => {
  const dir = await mkdtemp(join(tmpdir(), 'nginx-'));
  await chmod(dir, 0o755);
  const directory = join(dir, 'sites of ours');
  await mkdir(directory);
  const [sitesPort] = (await freePorts(1)) as [number];
  const config = join(dir, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(dir, name)};`,
  );
  await writeFile(
    config,
    `
daemon off;
worker_processes 2;
${userInfo().uid === 0 ? 'user root;' : ''}
pid ${join(dir, 'nginx.pid')};
error_log ${join(dir, 'error.log')};
events {}
http {
  access_log off;
  server_names_hash_bucket_size 256;
  ${temporary.join('\n  ')}
  server { listen 127.0.0.1:${sitesPort} default_server; return 404 nobody; }
  include "${directory}/*.conf";
}
`,
  );
  const nginx = programPath('nginx', 'nginx-light');
  const args = ['-p', dir, '-c', config, '-e', join(dir, 'error.log')];
  const program = await startProgram(nginx, args, {
    isReady: async () => (await visitAt(sitesPort, 'nobody.test')).status === 404,
  });
  const ssh = await startSshd(dir);
  return {
    ssh,
    sitesPort,
    dir,
    directory,
    commands: { test: [nginx, ...args, '-t'].join(' '), reload: [nginx, ...args, '-s', 'reload'].join(' ') },
    dump: async () => {
      const names = (await readdir(directory)).sort();
      return JSON.stringify(
        await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')])),
      );
    },
    stop: async () => {
      await ssh.stop();
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
