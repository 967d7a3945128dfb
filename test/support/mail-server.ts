/** A real SMTP server on loopback: keeps what it was handed, and refuses as it is told. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** Whether it came over TLS. */
  secure: boolean;
  user: string | undefined;
  /** The message as it came. */
  raw: string;
  /** Names in lower case, in the order in which they stand; decoded. */
  headers: [name: string, value: string][];
  header(name: string): string | undefined;
  text: string;
  html: string;
}

type At = 'auth' | 'sender' | 'recipient' | 'data';

export interface MailServer {
  port: number;
  received: ReceivedMail[];
  /** How often somebody connected. */
  connections: number;
  /** Says how to refuse: a status and a text. Null lets it pass. */
  refuse: ((at: At, value: string) => { status: number; text: string } | null) | null;
  /** Waits until so many messages have come in all. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

const bytesOf = (text: string, charset: 'latin1' | 'utf8' = 'latin1'): Buffer => Buffer.from(text, charset);

const decodeQuoted = (text: string): string =>
  bytesOf(
    text
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  ).toString('utf8');

/** RFC 2047. */
const decodeHeader = (value: string): string =>
  value
    .replace(/(=\?[^?\s]+\?[QB]\?[^?\s]*\?=)\s+(?==\?)/gi, '$1')
    .replace(/=\?utf-8\?([QB])\?([^?\s]*)\?=/gi, (_all, how: string, text: string) =>
      how.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decodeQuoted(text.replaceAll('_', ' ')),
    );

const split = (raw: string): { headers: [string, string][]; body: string } => {
  const end = raw.indexOf('\r\n\r\n');
  const headers = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), decodeHeader(line.slice(colon + 1).trim())];
    });
  return { headers, body: raw.slice(end + 4) };
};

export const readMessage = (raw: string): Pick<ReceivedMail, 'raw' | 'headers' | 'header' | 'text' | 'html'> => {
  const { headers, body } = split(raw);
  const header = (name: string) => headers.find(([each]) => each === name)?.[1];
  const [, boundary = ''] = /boundary="?([^";]+)/.exec(header('content-type') ?? '') ?? [];
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => split(part.replace(/^\r\n/, '')));
  const partOf = (type: string): string => {
    const part = parts.find((one) =>
      one.headers.some(([name, value]) => name === 'content-type' && value.startsWith(type)),
    );
    return decodeQuoted(part?.body ?? '').replaceAll('\r\n', '\n');
  };
  return { raw, headers, header, text: partOf('text/plain'), html: partOf('text/html') };
};

/** `login` is the only one that is let in; without it nobody has to say who they are. */
export const startMailServer = async (
  options: SMTPServerOptions & { login?: { user: string; pass: string }; onPort?: number } = {},
): Promise<MailServer> => {
  const { login, onPort = 0, ...rest } = options;
  const waiting = new Set<() => void>();
  const refusal = (at: At, value: string): Error | null => {
    const told = server.refuse?.(at, value) ?? null;
    return told && Object.assign(new Error(told.text), { responseCode: told.status });
  };
  const smtp = new SMTPServer({
    disableReverseLookup: true,
    authOptional: login === undefined,
    ...(rest.key === undefined ? { disabledCommands: ['STARTTLS'], allowInsecureAuth: true } : {}),
    ...rest,
    onConnect: (_session, done) => {
      server.connections += 1;
      done();
    },
    onAuth: ({ username = '', password = '' }, _session, done) => {
      const refused = refusal('auth', `${username} ${password}`);
      if (refused) return done(refused);
      if (username === login?.user && password === login.pass) return done(null, { user: username });
      done(Object.assign(new Error('5.7.8 no'), { responseCode: 535 }));
    },
    onMailFrom: ({ address }, _session, done) => done(refusal('sender', address)),
    onRcptTo: ({ address }, _session, done) => done(refusal('recipient', address)),
    onData: async (stream, session, done) => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      const { mailFrom, rcptTo } = session.envelope;
      const raw = Buffer.concat(chunks).toString('latin1');
      const refused = refusal('data', raw);
      if (refused) return done(refused);
      server.received.push({
        from: mailFrom ? mailFrom.address : '',
        to: rcptTo.map(({ address }) => address),
        secure: session.secure,
        user: session.user as string | undefined,
        ...readMessage(raw),
      });
      for (const wake of waiting) wake();
      waiting.clear();
      done();
    },
  });
  // A client that gives up in the middle is no fault of a test.
  smtp.on('error', () => {});
  const server: MailServer = {
    port: 0,
    received: [],
    connections: 0,
    refuse: null,
    until: async (count) => {
      const limit = AbortSignal.timeout(15_000);
      while (server.received.length < count) {
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          limit.addEventListener('abort', () =>
            reject(new Error(`${server.received.length} of ${count} messages came`)),
          );
        });
      }
    },
    stop: () => new Promise((resolve) => smtp.close(() => resolve())),
  };
  const listening = smtp.listen(onPort, '127.0.0.1');
  await once(listening, 'listening');
  server.port = (listening.address() as AddressInfo).port;
  return server;
};
