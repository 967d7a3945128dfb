/** One control plane of our own on loopback, with its data in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  ApiException,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from '@kubernetes/client-node';
import { type Binaries, findBinaries } from './build.ts';
import { definitions, furniture } from './extras.ts';
import { joinStages } from './stages.ts';

const startTimeoutMs = 60_000;

export interface ControlPlane {
  /** Of an administrator, who may do everything. */
  kubeconfig: string;
  /** Writes a kubeconfig with another token and tells its path. */
  kubeconfigFor(name: string, token: string): Promise<string>;
  /** Ends the API server as a power cut would; etcd and the others stay. */
  killApiServer(): Promise<void>;
  /** Starts it again on the same port, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Ends everything and deletes its data. Stopping twice is harmless. */
  stop(): Promise<void>;
}

/** Ports that are free at the same time, so that no two are one. Another process may still be quicker. */
const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

// SIGTERM would let the API server drain for a minute, and its data is thrown away.
const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

/** As an administrator, by server-side apply; kinds that were only just defined take a moment. */
export const applyAll = async (kubeconfig: string, objects: KubernetesObject[]): Promise<void> => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const deadline = performance.now() + 20_000;
  for (const object of objects) {
    for (;;) {
      try {
        const api = KubernetesObjectApi.makeApiClient(config);
        await api.patch(object, undefined, undefined, 'test', true, PatchStrategy.ServerSideApply);
        break;
      } catch (error) {
        const isRefused = error instanceof ApiException && error.code !== 404 && error.code < 500;
        if (isRefused || performance.now() > deadline) throw error;
        await wait(50);
      }
    }
  }
};

const startOnce = async (binaries: Binaries): Promise<ControlPlane> => {
  const folder = await mkdtemp(join(tmpdir(), 'provisor-kubernetes-'));
  const file = (name: string) => join(folder, name);
  const [clientPort, peerPort, apiPort] = await freePorts(3);
  const [etcdUrl, peerUrl, apiUrl] = [
    `http://127.0.0.1:${clientPort}`,
    `http://127.0.0.1:${peerPort}`,
    `https://127.0.0.1:${apiPort}`,
  ];
  const token = randomBytes(24).toString('hex');
  const children: ChildProcess[] = [];
  let apiServer: ChildProcess | undefined;

  const launch = (name: string, program: string, args: string[]): ChildProcess => {
    const log = openSync(file(`${name}.log`), 'a');
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', log, log] });
    closeSync(log);
    child.on('error', () => {});
    return child;
  };

  const kubeconfigFor = async (name: string, withToken: string): Promise<string> => {
    const path = file(`${name}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: apiUrl, 'certificate-authority': file('apiserver.crt') } }],
      users: [{ name, user: { token: withToken } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
      'current-context': 'test',
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  };

  const get = async (path: string): Promise<string> => {
    const ca = await readFile(file('apiserver.crt'));
    return new Promise((resolve, reject) => {
      const options = { ca, headers: { authorization: `Bearer ${token}` }, agent: false as const, timeout: 5_000 };
      const request = httpsGet(`${apiUrl}${path}`, options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(`${path} answers ${response.statusCode}`)),
        );
      });
      request.on('timeout', () => request.destroy(new Error('No answer')));
      request.on('error', reject);
    });
  };

  /** Errors: the server ended, or the answer did not hold `text` in time. */
  const untilAnswers = async (child: ChildProcess, path: string, text: string): Promise<void> => {
    const deadline = performance.now() + startTimeoutMs;
    while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
      const answer = await get(path).catch(() => '');
      if (answer.includes(text)) return;
      await wait(50);
    }
    const logs = ['etcd', 'kube-apiserver'].map((name) => readFile(file(`${name}.log`), 'utf8').catch(() => 'no log'));
    const ends = (await Promise.all(logs)).map((log) => log.slice(-2_000));
    throw new Error(`The API server did not start:\n${ends.join('\n')}`);
  };

  const startApiServer = async (): Promise<void> => {
    apiServer = launch('kube-apiserver', binaries.server('kube-apiserver'), [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${apiPort}`,
      `--cert-dir=${folder}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/16',
      `--service-account-issuer=${apiUrl}`,
      `--service-account-key-file=${file('sa.key')}`,
      `--service-account-signing-key-file=${file('sa.key')}`,
      '--endpoint-reconciler-type=none',
    ]);
    await untilAnswers(apiServer, '/readyz', 'ok');
  };

  const stop = async (): Promise<void> => {
    await Promise.all([...children, ...(apiServer ? [apiServer] : [])].map(kill));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };

  try {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(file('sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
    await writeFile(file('tokens.csv'), `${token},admin,1,"system:masters"\n`, { mode: 0o600 });
    await writeFile(file('stages.yaml'), await joinStages(binaries.stages));
    const kubeconfig = await kubeconfigFor('admin', token);
    children.push(
      launch('etcd', binaries.server('etcd'), [
        `--data-dir=${file('etcd')}`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=default=${peerUrl}`,
        '--unsafe-no-fsync',
      ]),
    );
    await startApiServer();
    const common = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0'];
    children.push(
      launch('kube-controller-manager', binaries.server('kube-controller-manager'), [
        ...common,
        // On a machine under load kwok is late, and its node must not be taken for dead.
        '--node-monitor-grace-period=1h',
        `--service-account-private-key-file=${file('sa.key')}`,
        `--root-ca-file=${file('apiserver.crt')}`,
      ]),
      launch('kube-scheduler', binaries.server('kube-scheduler'), common),
    );
    await applyAll(kubeconfig, [...definitions, ...furniture]);
    // kwok gives up when it is started before the kinds that it plays are described.
    for (const api of ['apis/snapshot.storage.k8s.io/v1', 'apis/metrics.k8s.io/v1beta1'])
      await untilAnswers(apiServer!, '/openapi/v3', api);
    children.push(
      launch('kwok', binaries.kwok, [
        `--kubeconfig=${kubeconfig}`,
        '--manage-all-nodes',
        '--node-ip=127.0.0.1',
        `--config=${file('stages.yaml')}`,
      ]),
    );
    return {
      kubeconfig,
      kubeconfigFor,
      killApiServer: async () => {
        if (apiServer) await kill(apiServer);
      },
      startApiServer,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Starts one and waits until it is ready; once more when another process took one of its ports. Errors: what the servers said. */
export const startControlPlane = async (say?: (line: string) => void): Promise<ControlPlane> => {
  const binaries = await findBinaries(say);
  return startOnce(binaries).catch(() => startOnce(binaries));
};
