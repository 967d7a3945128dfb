/** The way to the cluster of a pod: its environment and the files of its service account, against the real API server. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import {
  type Cluster,
  computeOf,
  connect,
  fails,
  kubeconfigOf,
  newSiteName,
  openCluster,
  siteSpec,
  tokenOf,
} from '../support/kubernetes.ts';
import { selfSigned } from '../support/self-signed.ts';

const never = new AbortController().signal;
const account = { namespace: 'provisor', name: 'provisor' };

describe('in a pod', () => {
  let cluster: Cluster;
  let admin: KubeConfig;
  let podRoot: string;
  let adapter: Adapter<ComputeProvider>;
  const file = (name: string) => join(podRoot, 'var/run/secrets/kubernetes.io/serviceaccount', name);
  const surround = (host: string, port: string) =>
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port });

  before(async () => {
    cluster = await openCluster();
    admin = connect(cluster.adminConfig);
    podRoot = await mkdtemp(join(tmpdir(), 'provisor-pod-'));
    await mkdir(file('.'), { recursive: true });
    // With the line end that a Secret made by hand has.
    await writeFile(file('token'), `${tokenOf(cluster.config)}\n`);
    await writeFile(file('ca.crt'), await readFile(admin.getCurrentCluster()?.caFile ?? ''));
    await writeFile(file('namespace'), account.namespace);
    const { hostname, port } = new URL(admin.getCurrentCluster()?.server ?? '');
    surround(hostname, port);
    adapter = computeOf('in-cluster', { podRoot });
  });
  after(async () => {
    delete process.env.KUBERNETES_SERVICE_HOST;
    delete process.env.KUBERNETES_SERVICE_PORT;
    await adapter?.close?.();
    await cluster?.stop();
    await rm(podRoot, { recursive: true, force: true });
  });

  it('makes a site and takes it away, as the service account of the pod', async () => {
    const ref = { name: newSiteName(), vmid: 0 };
    await adapter.port.create(siteSpec(ref.name), never);
    assert.equal((await adapter.port.status(ref, never)).state, 'running');
    const { subjects } = await cluster.raw(
      `/apis/rbac.authorization.k8s.io/v1/namespaces/${ref.name}/rolebindings/provisor`,
    );
    assert.equal(subjects[0].name, 'system:serviceaccount:provisor:provisor');
    await adapter.port.destroy(ref, never);
    assert.equal((await adapter.port.status(ref, never)).state, 'missing');
  });

  it('uses a token that was exchanged for its next request', async () => {
    await adapter.port.list(never);
    await writeFile(file('token'), 'stale');
    await assert.rejects(adapter.port.list(never), fails('auth', /does not know our token/));
    await writeFile(file('token'), tokenOf(await kubeconfigOf(cluster.adminConfig, account)));
    await adapter.port.list(never);
  });

  it('has sent nothing when its token or its authority is not there, and goes on once it is', async () => {
    for (const name of ['token', 'ca.crt']) {
      const kept = await readFile(file(name));
      await rm(file(name));
      const spec = siteSpec(newSiteName());
      await assert.rejects(
        adapter.port.create(spec, never),
        fails('unavailable', new RegExp(`Nothing could be sent .*ENOENT.*${name}`)),
      );
      await writeFile(file(name), kept);
      assert.equal(await cluster.read('v1', 'Namespace', spec.name), null);
    }
    await adapter.port.list(never);
  });

  it('trusts no server but that of its own authority', async () => {
    const kept = await readFile(file('ca.crt'));
    // Any certificate but the right one: a request must not be sent with it.
    await writeFile(file('ca.crt'), selfSigned(podRoot).cert);
    await assert.rejects(adapter.port.list(never), fails('auth', /certificate cannot be trusted/));
    await writeFile(file('ca.crt'), kept);
    await adapter.port.list(never);
  });

  it('says so when it is not in one', async () => {
    delete process.env.KUBERNETES_SERVICE_HOST;
    const outside = computeOf('in-cluster', { podRoot });
    await assert.rejects(outside.port.list(never), fails('auth', /this process is not in a pod/));
    await outside.close?.();
  });
});
