import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createNginxSshProxy, type NginxSshOptions } from '../../src/adapters/proxy/nginx-ssh/index.ts';
import { ProviderError, type ProviderErrorKind } from '../../src/kit/errors.ts';
import type { Route } from '../../src/ports/proxy.ts';
import { proxyConformance } from '../conformance/proxy.suite.ts';
import { startNginx, type TestNginx } from '../support/nginx.ts';
import { freePorts, programPath, runProgram } from '../support/program.ts';
import { visitAt } from '../support/upstream.ts';
import { startWay } from '../support/way.ts';

const never = new AbortController().signal;

const optionsFor = (nginx: TestNginx, sshPort = nginx.ssh.port): NginxSshOptions => ({
  ssh: { ...nginx.ssh, host: '127.0.0.1', port: sshPort },
  directory: nginx.directory,
  commands: nginx.commands,
  sites: { listen: [`127.0.0.1:${nginx.sitesPort}`], tls: null, upstreamCa: '/etc/ssl/certs/ca-certificates.crt' },
  probe: `127.0.0.1:${nginx.sitesPort}`,
  siteUrl: `http://*:${nginx.sitesPort}/`,
});

const foreign = (port: number, name: string) =>
  `server { listen 127.0.0.1:${port}; server_name ${name}; return 200 "of the operator"; }\n`;

proxyConformance('nginx-ssh', async () => {
  const nginx = await startNginx();
  const way = await startWay({ port: nginx.ssh.port }, () => false);
  let losses = 0;
  const over = optionsFor(nginx, way.port);
  const files: string[] = [];
  const write = async (name: string, text: string) => {
    files.push(join(nginx.directory, name));
    await writeFile(files.at(-1)!, text);
  };
  return {
    proxy: createNginxSshProxy(optionsFor(nginx)).port,
    other: createNginxSshProxy(optionsFor(nginx)).port,
    dump: nginx.dump,
    occupy: (id) => write(`${id}.conf`, foreign(nginx.sitesPort, 'else.test')),
    claim: (hostname) => write('0-of-the-operator.conf', foreign(nginx.sitesPort, hostname)),
    clearForeign: async () => {
      for (const file of files.splice(0)) await rm(file, { force: true });
    },
    spoil: async (how) => {
      if (how !== 'losing') {
        await way.set(how);
        return { proxy: createNginxSshProxy(over).port, swallowed: way.swallowed, mend: () => way.set('open') };
      }
      // Nobody can look into the connection; so it is cut once nginx has been told, before that can be said.
      const marker = join(nginx.dir, `reloaded-${++losses}`);
      const reload = `${nginx.commands.reload} && : > ${marker} && until [ -e ${marker}.cut ]; do sleep 0.02; done`;
      const cutting = (async () => {
        while (!(await readFile(marker).catch(() => null))) await new Promise((next) => setTimeout(next, 10));
        way.cut();
        await writeFile(`${marker}.cut`, '');
      })();
      return {
        proxy: createNginxSshProxy({ ...over, commands: { ...nginx.commands, reload } }).port,
        swallowed: () => cutting,
        mend: async () => {},
      };
    },
    secrets: ['PRIVATE KEY', (await readFile(nginx.ssh.keyFile, 'utf8')).split('\n')[1]!],
    hostHeaders: true,
    socketDir: nginx.dir,
    traffic: { port: nginx.sitesPort, upgrades: true, oneLabel: true },
    stop: async () => {
      await way.stop();
      await nginx.stop();
    },
  };
});

describe('nginx-ssh', () => {
  let nginx: TestNginx;
  before(async () => {
    nginx = await startNginx();
  });
  after(() => nginx.stop());

  const route = (id: string, more: Partial<Route> = {}): Route => ({
    id,
    hostnames: [`${id}.test`],
    upstream: { scheme: 'http', host: '127.0.0.1', port: 9 },
    page: 'suspended',
    enabled: true,
    redirectHttps: true,
    tls: 'auto',
    ...more,
  });
  const refusal = (kind: ProviderErrorKind, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ProviderError && error.kind === kind && words.test(error.message), String(error));
    return true;
  };

  it('says nothing to a server with another host key', async () => {
    const options = optionsFor(nginx);
    const hostKey = `SHA256:${'A'.repeat(43)}`;
    const proxy = createNginxSshProxy({ ...options, ssh: { ...options.ssh, hostKey } }).port;
    await assert.rejects(proxy.putRoute(route('a'), never), refusal('auth', /another host key/));
    assert.equal(await nginx.dump(), '[]');
  });

  it('tells a key that is not let in, is none, or is not there', async () => {
    const options = optionsFor(nginx);
    for (const keyFile of [join(nginx.dir, 'host_key'), join(nginx.dir, 'nginx.conf'), join(nginx.dir, 'nowhere')]) {
      const proxy = createNginxSshProxy({ ...options, ssh: { ...options.ssh, keyFile } }).port;
      await assert.rejects(proxy.listRoutes(never), refusal('auth', /key|KEY/));
    }
  });

  it('leaves a configuration that was broken before as it was, and says so', async () => {
    const proxy = createNginxSshProxy(optionsFor(nginx)).port;
    await proxy.putRoute(route('kept'), never);
    const broken = join(nginx.directory, '0-broken.conf');
    await writeFile(broken, 'server { no such thing; }\n');
    const begun = await nginx.dump();
    const refused = refusal('unavailable', /broken before.*0-broken\.conf/);
    await assert.rejects(proxy.putRoute(route('a'), never), refused);
    await assert.rejects(proxy.putRoute(route('kept', { page: 'stopped' }), never), refused);
    await assert.rejects(proxy.setEnabled('kept', false, never), refused);
    await assert.rejects(proxy.deleteRoute('kept', never), refused);
    assert.equal(await nginx.dump(), begun);
    assert.equal((await visitAt(nginx.sitesPort, 'kept.test')).status, 503);
    await rm(broken);
    await proxy.deleteRoute('kept', never);
    assert.equal(await nginx.dump(), '[]');
  });

  it('goes back when nginx refuses the new configuration, or cannot be told', async () => {
    const proxy = createNginxSshProxy(optionsFor(nginx)).port;
    const unknown = { scheme: 'http', host: 'nowhere.invalid', port: 80 } as const;
    await assert.rejects(
      proxy.putRoute(route('a', { page: 'site', upstream: unknown }), never),
      refusal('invalid', /host not found in upstream/),
    );
    assert.equal(await nginx.dump(), '[]');
    const deaf = createNginxSshProxy({
      ...optionsFor(nginx),
      commands: { ...nginx.commands, reload: 'echo "it sleeps" >&2; false' },
    }).port;
    await assert.rejects(deaf.putRoute(route('a'), never), refusal('unavailable', /it sleeps/));
    assert.equal(await nginx.dump(), '[]');
  });

  it('puts back what a run that was killed had put aside', async () => {
    const proxy = createNginxSshProxy(optionsFor(nginx)).port;
    await proxy.putRoute(route('a'), never);
    const begun = await nginx.dump();
    const file = join(nginx.directory, 'a.conf');
    // As the power goes between the new file and its test, once over an old file and once over none.
    await writeFile(join(nginx.directory, '.provisor-old-a.conf'), await readFile(file));
    await writeFile(file, 'half of');
    await writeFile(join(nginx.directory, '.provisor-new-b.conf'), '');
    await writeFile(join(nginx.directory, 'b.conf'), 'half of');
    await writeFile(join(nginx.directory, '.provisor-tmp'), 'half of');
    assert.deepEqual(await proxy.listRoutes(never), [route('a')]);
    assert.equal(await nginx.dump(), begun);
    await proxy.deleteRoute('a', never);
  });

  it('speaks over one connection as long as it holds, and then over another', async (t) => {
    let opened = 0;
    const sockets = new Set<Socket>();
    const way = createServer((client) => {
      opened += 1;
      const server = connect(nginx.ssh.port, '127.0.0.1');
      // A pipe ends the other side with an end, and not with a reset.
      const end = () => {
        client.destroy();
        server.destroy();
      };
      for (const socket of [client, server]) sockets.add(socket.on('error', end).on('close', end));
      client.pipe(server).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(way, 'listening');
    t.after(() => way.close());
    const adapter = createNginxSshProxy(optionsFor(nginx, (way.address() as AddressInfo).port));
    const proxy = adapter.port;
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => proxy.putRoute(route(id), never)));
    assert.equal((await proxy.listRoutes(never)).length, 5);
    assert.equal(opened, 1);
    // One that gives up takes nobody with it.
    const giveUp = new AbortController();
    const given = assert.rejects(proxy.putRoute(route('a', { page: 'stopped' }), giveUp.signal));
    const beside = proxy.listRoutes(never);
    giveUp.abort();
    await given;
    assert.equal((await beside).length, 5);
    for (const socket of sockets) socket.destroy();
    opened = 0;
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => proxy.deleteRoute(id, never)));
    assert.equal(opened, 1);
    assert.equal(await nginx.dump(), '[]');
    sockets.clear();
    await adapter.close?.();
    await proxy.listRoutes(never);
    assert.equal(opened, 2);
    await adapter.close?.();
  });

  it('says that the directory is not there', async () => {
    const proxy = createNginxSshProxy({ ...optionsFor(nginx), directory: join(nginx.dir, "no'where") }).port;
    await assert.rejects(proxy.listRoutes(never), refusal('unavailable', /directory/));
  });

  it('serves HTTPS with the certificate that it is given, and sends visitors of plain HTTP there', async () => {
    const options = optionsFor(nginx);
    const [tlsPort] = (await freePorts(1)) as [number];
    const [certificate, certificateKey] = [join(nginx.dir, 'cert.pem'), join(nginx.dir, 'cert.key')];
    const proxy = createNginxSshProxy({
      ...options,
      sites: {
        ...options.sites,
        tls: { listen: [`127.0.0.1:${tlsPort}`], certificate, certificateKey, port: `:${tlsPort}` },
      },
      siteUrl: `https://*:${tlsPort}/`,
    }).port;
    // nginx itself sees that there is none.
    await assert.rejects(proxy.putRoute(route('a'), never), refusal('invalid', /cert\.pem/));
    await runProgram(programPath('openssl', 'openssl'), [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...[
        '-subj',
        '/CN=a.test',
        '-addext',
        'subjectAltName=DNS:a.test',
        '-keyout',
        certificateKey,
        '-out',
        certificate,
      ],
    ]);
    await proxy.putRoute(route('a'), never);
    assert.equal(proxy.urlFor('a.test'), `https://a.test:${tlsPort}/`);
    const plain = await visitAt(nginx.sitesPort, 'a.test', { path: '/x?y=1' });
    assert.deepEqual([plain.status, plain.headers.location], [308, `https://a.test:${tlsPort}/x?y=1`]);
    const visit = request({
      host: '127.0.0.1',
      port: tlsPort,
      servername: 'a.test',
      ca: await readFile(certificate),
      headers: { Host: 'a.test' },
      agent: false,
    }).end();
    const [reply] = (await once(visit, 'response')) as [IncomingMessage];
    assert.equal(reply.statusCode, 503);
    reply.destroy();
    await proxy.putRoute(route('a', { tls: 'off' }), never);
    assert.equal((await visitAt(nginx.sitesPort, 'a.test')).status, 503);
    await proxy.deleteRoute('a', never);
  });
});
