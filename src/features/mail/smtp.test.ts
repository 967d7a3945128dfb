/** SMTP with real servers: what is encrypted, who is let in, and what each answer leads to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { type MailServer, startMailServer } from '../../../test/support/mail-server.ts';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { createSmtp, type SmtpServer } from './smtp.ts';

const envelope = { from: 'post@example.net', to: 'ana@example.com' };
const message = Buffer.from('Subject: x\r\n\r\nHello\r\n');
const quickly = () => AbortSignal.timeout(10_000);
const login = { user: 'provisor', pass: 'a pass/word:@%' };
/** This machine by an address that does not look like it, as any other server's. */
const elsewhere = '::ffff:127.0.0.1';

describe('SMTP', () => {
  let directory: string;
  let certificate: { key: string; cert: string };
  let server: MailServer;
  const silent: Server[] = [];
  const sockets: Socket[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'provisor-smtp-'));
    certificate = selfSigned(directory);
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    for (const each of silent) each.close();
    await rm(directory, { recursive: true, force: true });
  });
  afterEach(() => server?.stop());

  const client = (wish: Partial<SmtpServer> = {}) =>
    createSmtp({ host: '127.0.0.1', port: server.port, secure: false, startTls: 'required', login: null, ...wish });
  const send = (wish: Partial<SmtpServer> = {}) => client(wish).send(envelope, message, quickly());

  it('hands a message over, to one address', async () => {
    server = await startMailServer();
    assert.deepEqual(await send(), { is: 'delivered', status: 250 });
    assert.deepEqual(
      server.received.map(({ from, to, secure, raw }) => [from, to, secure, raw]),
      [[envelope.from, [envelope.to], false, message.toString()]],
    );
  });

  it('lets itself in, on this machine also without encryption', async () => {
    server = await startMailServer({ login });
    assert.deepEqual(await send({ login }), { is: 'delivered', status: 250 });
    assert.deepEqual(
      [server.received[0]?.user, await client({ login }).check(quickly())],
      [login.user, { encrypted: false }],
    );
    const wrong = await send({ login: { ...login, pass: 'another password' } });
    assert.deepEqual(wrong, { is: 'later', error: 'The mail server does not take the user and password (535 5.7.8).' });
    assert.deepEqual(await send(), {
      is: 'later',
      error: 'The mail server wants a user and password (530).',
    });
  });

  it('uses STARTTLS where the server has it, and on this machine whatever its certificate says', async () => {
    server = await startMailServer({ ...certificate, login });
    assert.deepEqual(await send({ login }), { is: 'delivered', status: 250 });
    assert.equal(server.received[0]?.secure, true);
    assert.deepEqual(await client({ login }).check(quickly()), { encrypted: true });
  });

  it('sends nothing, not even the password, to a server elsewhere that is not encrypted', async () => {
    server = await startMailServer({ login });
    let asked = 0;
    server.refuse = () => {
      asked += 1;
      return null;
    };
    assert.deepEqual(await send({ host: elsewhere, login }), {
      is: 'later',
      error: 'There is no encrypted connection to the mail server: it offers none (STARTTLS).',
    });
    assert.equal(asked, 0);
    assert.deepEqual(await send({ host: elsewhere, login, startTls: 'off' }), { is: 'delivered', status: 250 });
  });

  it('trusts no certificate elsewhere that nobody signed', async () => {
    server = await startMailServer({ ...certificate, login });
    const error = 'There is no encrypted connection to the mail server: its certificate is self-signed.';
    assert.deepEqual(await send({ host: elsewhere, login }), { is: 'later', error });
    await assert.rejects(client({ host: elsewhere, login }).check(quickly()), { fault: 'encryption', message: error });
    await server.stop();
    server = await startMailServer({ ...certificate, secure: true });
    assert.deepEqual(await send({ host: elsewhere, secure: true }), { is: 'later', error });
    assert.deepEqual(await send({ secure: true }), { is: 'delivered', status: 250 });
  });

  for (const [at, status, outcome, says] of [
    ['recipient', 450, 'later', 'The mail server put the address off (450).'],
    ['recipient', 550, 'never', 'The mail server refuses the address (550).'],
    ['data', 451, 'later', 'The mail server put the message off (451).'],
    ['data', 554, 'never', 'The mail server refuses the message (554).'],
    ['sender', 553, 'later', 'The mail server refuses the sender (553).'],
    ['sender', 421, 'later', 'The mail server cannot be used: it closed the connection.'],
    ['auth', 454, 'later', 'The mail server does not take the user and password (454).'],
  ] as const) {
    it(`takes ${status} for the ${at} as "${outcome}"`, async () => {
      server = await startMailServer({ login });
      server.refuse = (where, value) => (where === at ? { status, text: `no: ${value}` } : null);
      const told = await send({ login });
      assert.deepEqual([told.is, 'error' in told && told.error], [outcome, says]);
      assert.doesNotMatch(JSON.stringify(told), /no:|ana@|a pass/);
    });
  }

  it('tries again later what cannot be reached, does not speak SMTP or does not answer', async () => {
    server = await startMailServer();
    const { port } = server;
    await server.stop();
    assert.deepEqual(await send({ port }), {
      is: 'later',
      error: 'The mail server cannot be used: it refused the connection.',
    });
    const listen = async (greeting: string): Promise<number> => {
      const tcp = createServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        if (greeting) socket.write(greeting);
      }).listen(0, '127.0.0.1');
      silent.push(tcp);
      await once(tcp, 'listening');
      return (tcp.address() as { port: number }).port;
    };
    assert.match(
      JSON.stringify(await send({ port: await listen('HTTP/1.1 400 Bad Request\r\n\r\n') })),
      /does not speak SMTP/,
    );
    const began = performance.now();
    const late = await client({ port: await listen('') }).send(envelope, message, AbortSignal.timeout(300));
    assert.deepEqual(late, { is: 'later', error: 'The mail server did not answer in time.' });
    assert.ok(performance.now() - began < 4_000);
    assert.equal((await client().send(envelope, message, AbortSignal.abort())).is, 'later');
    server = await startMailServer();
  });
});
