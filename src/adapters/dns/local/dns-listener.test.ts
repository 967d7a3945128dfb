import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Answer, decode, type Packet } from 'dns-packet';
import type { RRset } from '../../../ports/dns.ts';
import { ask, askTcp, openDns, question, type Reply, sendTcp, sendUdp, signal } from './local-dns.fixture.ts';

const rrset = (name: string, type: RRset['type'], ...rdata: string[]): RRset => ({ name, type, ttl: 60, rdata });

const records: RRset[] = [
  rrset('example.com.', 'A', '192.0.2.1'),
  rrset('example.com.', 'MX', '10 mail.example.com.'),
  rrset('example.com.', 'CAA', '0 issue "ca.test"'),
  rrset('mail.example.com.', 'A', '192.0.2.2'),
  rrset('mail.example.com.', 'AAAA', '2001:db8::2'),
  rrset('www.example.com.', 'CNAME', 'example.com.'),
  rrset('away.example.com.', 'CNAME', 'www.elsewhere.test.'),
  rrset('dead.example.com.', 'CNAME', 'nothing.example.com.'),
  rrset('one.example.com.', 'CNAME', 'two.example.com.'),
  rrset('two.example.com.', 'CNAME', 'one.example.com.'),
  rrset('cross.example.com.', 'CNAME', 'host.example.net.'),
  rrset('_sip._tcp.example.com.', 'SRV', '1 2 5060 mail.example.com.'),
  rrset('*.wild.example.com.', 'A', '192.0.2.9'),
  rrset('there.wild.example.com.', 'TXT', 'here'),
  rrset('deep.below.wild.example.com.', 'TXT', 'deep'),
  rrset('*.alias.example.com.', 'CNAME', 'mail.example.com.'),
  rrset('long.example.com.', 'TXT', 'a'.repeat(300)),
  rrset('huge.example.com.', 'TXT', 'b'.repeat(2_000)),
  rrset('middle.example.com.', 'TXT', 'c'.repeat(700)),
  rrset('child.example.com.', 'NS', 'ns.child.example.com.', 'ns.other.test.'),
  rrset('ns.child.example.com.', 'A', '192.0.2.53'),
];

const served = async (t: TestContext) => {
  const dns = await openDns(t);
  const nameservers = ['ns1.host.test.', 'mail.example.com.'];
  await dns.port.createZone({ name: 'example.com.', owner: 'o', nameservers }, signal);
  await dns.port.createZone({ name: 'example.net.', owner: 'p', nameservers }, signal);
  const host = rrset('host.example.net.', 'A', '192.0.2.77');
  await dns.port.applyChanges(
    'example.com.',
    records.map((wished) => ({ op: 'create', new: wished })),
    signal,
  );
  await dns.port.applyChanges('example.net.', [{ op: 'create', new: host }], signal);
  return dns;
};

const brief = (answers: Answer[] | undefined): string[] =>
  (answers ?? []).map((answer) => {
    const data = 'data' in answer ? answer.data : '';
    return `${answer.name} ${answer.type} ${typeof data === 'string' ? data : JSON.stringify(data)}`;
  });

const types = (answers: Answer[] | undefined) => (answers ?? []).map(({ type }) => type);

test('records of every type are answered with authority', async (t) => {
  const dns = await served(t);
  const expected: [string, Answer['type'], string][] = [
    ['example.com', 'A', 'example.com A 192.0.2.1'],
    ['mail.example.com', 'AAAA', 'mail.example.com AAAA 2001:db8::2'],
    ['example.com', 'MX', 'example.com MX {"preference":10,"exchange":"mail.example.com"}'],
    [
      '_sip._tcp.example.com',
      'SRV',
      '_sip._tcp.example.com SRV {"priority":1,"weight":2,"port":5060,"target":"mail.example.com"}',
    ],
    ['example.com', 'CAA', 'example.com CAA {"flags":0,"tag":"issue","value":"ca.test","issuerCritical":false}'],
    ['www.example.com', 'CNAME', 'www.example.com CNAME example.com'],
  ];
  for (const [name, type, line] of expected) {
    for (const reply of [await ask(dns, name, type), await askTcp(dns, name, type)]) {
      assert.deepEqual(brief(reply.answers), [line]);
      assert.equal(reply.rcode, 'NOERROR');
      assert.equal(reply.flag_aa, true);
      assert.equal(reply.flag_ra, false);
      assert.equal(reply.id, 4711);
    }
  }
});

test('the apex has its SOA and NS, with the addresses that are known here', async (t) => {
  const dns = await served(t);
  const ns = await ask(dns, 'example.com', 'NS');
  assert.deepEqual(brief(ns.answers), ['example.com NS ns1.host.test', 'example.com NS mail.example.com']);
  assert.deepEqual(types(ns.additionals), ['A', 'AAAA']);
  const soa = await ask(dns, 'example.com', 'SOA');
  assert.deepEqual(types(soa.answers), ['SOA']);
  assert.deepEqual(types((await askTcp(dns, 'example.com', 'ANY')).answers).sort(), [
    'A',
    'CAA',
    'MX',
    'NS',
    'NS',
    'SOA',
  ]);
  assert.equal((await ask(dns, 'example.com', 'ANY')).answers?.length, 1);
});

test('no such name, no such type, and not our zone are told apart', async (t) => {
  const dns = await served(t);
  const told = ({ rcode, flag_aa, answers, authorities }: Reply) => [
    rcode,
    flag_aa,
    answers?.length,
    types(authorities),
  ];
  assert.deepEqual(told(await ask(dns, 'nothing.example.com', 'A')), ['NXDOMAIN', true, 0, ['SOA']]);
  assert.deepEqual(told(await ask(dns, 'mail.example.com', 'TXT')), ['NOERROR', true, 0, ['SOA']]);
  assert.deepEqual(
    told(await ask(dns, '_tcp.example.com', 'A')),
    ['NOERROR', true, 0, ['SOA']],
    'an empty non-terminal',
  );
  assert.deepEqual(told(await ask(dns, 'example.org', 'A')), ['REFUSED', false, 0, []]);
  assert.deepEqual(told(await ask(dns, 'com', 'A')), ['REFUSED', false, 0, []]);
  assert.deepEqual(told(await ask(dns, '.', 'A')), ['REFUSED', false, 0, []]);
  assert.deepEqual(told(await ask(dns, 'notexample.com', 'A')), ['REFUSED', false, 0, []]);
  assert.deepEqual(told(await askTcp(dns, 'example.com', 'AXFR')), ['REFUSED', false, 0, []]);
});

test('CNAME chains are followed inside our zones', async (t) => {
  const dns = await served(t);
  const at = async (name: string) => brief((await ask(dns, name, 'A')).answers);
  assert.deepEqual(await at('www.example.com'), ['www.example.com CNAME example.com', 'example.com A 192.0.2.1']);
  assert.deepEqual(await at('cross.example.com'), [
    'cross.example.com CNAME host.example.net',
    'host.example.net A 192.0.2.77',
  ]);
  assert.deepEqual(await at('away.example.com'), ['away.example.com CNAME www.elsewhere.test']);
  assert.equal((await at('one.example.com')).length, 2, 'a loop ends');
  const dead = await ask(dns, 'dead.example.com', 'A');
  assert.deepEqual([dead.rcode, dead.answers?.length, types(dead.authorities)], ['NXDOMAIN', 1, ['SOA']]);
});

test('wildcards answer for what does not exist, and for nothing else', async (t) => {
  const dns = await served(t);
  const at = async (name: string) => {
    const reply = await ask(dns, name, 'A');
    return [reply.rcode, ...brief(reply.answers)];
  };
  assert.deepEqual(await at('x.wild.example.com'), ['NOERROR', 'x.wild.example.com A 192.0.2.9']);
  assert.deepEqual(await at('y.x.wild.example.com'), ['NOERROR', 'y.x.wild.example.com A 192.0.2.9']);
  assert.deepEqual(await at('*.wild.example.com'), ['NOERROR', '*.wild.example.com A 192.0.2.9']);
  assert.deepEqual(await at('wild.example.com'), ['NOERROR'], 'the name above exists');
  assert.deepEqual(await at('there.wild.example.com'), ['NOERROR'], 'an existing name is not covered');
  assert.deepEqual(await at('x.there.wild.example.com'), ['NXDOMAIN'], 'nor is what is below it');
  assert.deepEqual(await at('below.wild.example.com'), ['NOERROR'], 'nor an empty non-terminal');
  assert.deepEqual(await at('x.below.wild.example.com'), ['NXDOMAIN']);
  assert.deepEqual(await at('x.alias.example.com'), [
    'NOERROR',
    'x.alias.example.com CNAME mail.example.com',
    'mail.example.com A 192.0.2.2',
  ]);
});

test('a delegated name is referred to its nameservers', async (t) => {
  const dns = await served(t);
  for (const name of ['child.example.com', 'www.child.example.com']) {
    const reply = await ask(dns, name, 'NS');
    assert.deepEqual([reply.flag_aa, reply.answers?.length], [false, 0]);
    assert.deepEqual(brief(reply.authorities), [
      'child.example.com NS ns.child.example.com',
      'child.example.com NS ns.other.test',
    ]);
    assert.deepEqual(brief(reply.additionals), ['ns.child.example.com A 192.0.2.53']);
  }
});

test('case does not matter, and the question comes back as it was spelled', async (t) => {
  const dns = await served(t);
  const reply = await ask(dns, 'MaIl.ExAmPlE.cOm', 'A');
  assert.equal(reply.questions?.[0]?.name, 'MaIl.ExAmPlE.cOm');
  assert.deepEqual(brief(reply.answers), ['MaIl.ExAmPlE.cOm A 192.0.2.2']);
});

test('long TXT is split, and what does not fit a datagram is truncated', async (t) => {
  const dns = await served(t);
  const text = (reply: Reply) => reply.answers?.map((answer) => ('data' in answer ? answer.data : null));
  const [long] = text(await ask(dns, 'long.example.com', 'TXT')) ?? [];
  assert.deepEqual((long as Buffer[]).map(String), ['a'.repeat(255), 'a'.repeat(45)]);

  const opt = (udpPayloadSize: number): Packet => ({
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  const told = (reply: Reply) => [reply.flag_tc, reply.answers?.length, types(reply.additionals)];
  assert.deepEqual(told(await ask(dns, 'middle.example.com', 'TXT')), [true, 0, []]);
  assert.deepEqual(told(await ask(dns, 'middle.example.com', 'TXT', opt(600))), [true, 0, ['OPT']]);
  assert.deepEqual(told(await ask(dns, 'middle.example.com', 'TXT', opt(1_232))), [false, 1, ['OPT']]);
  assert.deepEqual(told(await ask(dns, 'huge.example.com', 'TXT', opt(4_096))), [true, 0, ['OPT']]);
  const [huge] = text(await askTcp(dns, 'huge.example.com', 'TXT')) ?? [];
  assert.equal(Buffer.concat(huge as Buffer[]).toString(), 'b'.repeat(2_000));

  const wrongVersion = opt(1_232);
  Object.assign(wrongVersion.additionals![0]!, { ednsVersion: 1 });
  const bad = await ask(dns, 'example.com', 'A', wrongVersion);
  assert.equal((bad.additionals![0] as { extendedRcode?: number }).extendedRcode, 1, 'BADVERS');
});

test('several questions on one TCP connection are answered in order', async (t) => {
  const dns = await served(t);
  const names = Array.from({ length: 50 }, (_, index) => `n${index}.wild.example.com`);
  const replies = await sendTcp(
    dns.listeningPort!,
    names.map((name) => question(name, 'A')),
  );
  assert.deepEqual(
    replies.map((reply) => decode(reply).questions?.[0]?.name),
    names,
  );
});

test('a TCP frame that is no question ends the connection', async (t) => {
  const dns = await served(t);
  for (const frame of [Buffer.from([0, 0]), Buffer.from([0xff, 0xff, 1]), Buffer.from([0, 3, 1, 2, 3])]) {
    const socket = connect(dns.listeningPort!, '127.0.0.1').on('error', () => {});
    socket.resume().write(frame);
    await once(socket, 'close');
  }
});

test('malformed and foreign messages are refused without harm', async (t) => {
  const dns = await served(t);
  const answerTo = async (change: (packet: Buffer) => Buffer) =>
    (decode(await sendUdp(dns.listeningPort!, change(question('example.com', 'A')))) as Reply).rcode;
  const set = (at: number, byte: number) => (packet: Buffer) => {
    packet[at] = byte;
    return packet;
  };
  assert.equal(await answerTo(set(2, 5 << 3)), 'NOTIMP', 'an update');
  assert.equal(await answerTo(set(5, 2)), 'FORMERR', 'two questions');
  assert.equal(await answerTo(set(5, 0)), 'FORMERR', 'none');
  assert.equal(await answerTo(set(12, 0xc0)), 'FORMERR', 'a pointer as the name');
  assert.equal(await answerTo(set(12, 63)), 'FORMERR', 'a label beyond the end');
  assert.equal(await answerTo(set(11, 1)), 'FORMERR', 'a record that is not there');
  assert.equal(await answerTo((packet) => packet.subarray(0, 15)), 'FORMERR', 'cut short');
  assert.equal(await answerTo((packet) => Buffer.concat([packet, Buffer.from('more')])), 'FORMERR', 'too long');
  assert.equal(await answerTo((packet) => set(packet.length - 1, 3)(packet)), 'REFUSED', 'class CHAOS');
  assert.equal(await answerTo(set(16, 0x2e)), 'REFUSED', 'a dot inside a label');
});

test('a few hundred packets of noise leave the server answering', async (t) => {
  const dns = await served(t);
  let seed = 20_240_229;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const noise = createSocket('udp4');
  t.after(() => noise.close());
  const send = (packet: Buffer) =>
    new Promise((resolve) => noise.send(packet, dns.listeningPort!, '127.0.0.1', resolve));

  for (let round = 0; round < 600; round++) {
    const valid = question(`x${round}.wild.example.com`, 'A');
    // Half of it pure noise, half of it a good question with a few bytes changed.
    const packet = round % 2 ? Buffer.from(Array.from({ length: random(80) }, () => random(256))) : valid;
    for (let change = random(4); change > 0 && packet.length > 0; change--) packet[random(packet.length)] = random(256);
    await send(packet);
    if (round % 50 === 0) assert.equal((await ask(dns, 'example.com', 'A')).rcode, 'NOERROR');
  }
  assert.equal((await ask(dns, 'example.com', 'A')).rcode, 'NOERROR');
  assert.equal((await askTcp(dns, 'example.com', 'A')).rcode, 'NOERROR');
});
