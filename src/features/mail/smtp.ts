/**
 * Speaks SMTP with one server, one connection for each message. What a server
 * answers is told by its numbers alone: its text may quote anything, also what it
 * was sent to let us in.
 */
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Outcome } from '../../deliveries/delivery.ts';
import { isThisMachine } from '../../kit/this-machine.ts';

const connectMs = 8_000;
const silentMs = 15_000;

export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte. */
  secure: boolean;
  /** Whether a connection that did not begin with TLS must change to it. */
  startTls: 'required' | 'off';
  login: { user: string; pass: string } | null;
}

export interface Envelope {
  from: string;
  to: string;
}

/** What nodemailer says of a failure, as far as it is used. */
interface SmtpFailure {
  code?: string;
  originalCode?: string;
  command?: string;
  response?: string;
  responseCode?: number;
}

const connections: Record<string, string> = {
  ECONNREFUSED: 'it refused the connection',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'it cannot be reached',
  ENETUNREACH: 'it cannot be reached',
  EDNS: 'its name leads to no address',
  ENOTFOUND: 'its name leads to no address',
  ETIMEDOUT: 'it did not answer in time',
  ECONNECTION: 'it closed the connection',
  EPROTOCOL: 'it does not speak SMTP',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody that is trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody that is trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** `550 5.1.1` */
const numbersOf = ({ response = '', responseCode }: SmtpFailure): string =>
  /^\d{3}[ -]\d\.\d{1,3}\.\d{1,3}\b/.exec(response)?.[0].replace('-', ' ') ?? String(responseCode);

/** What failed, for the operator. */
export type SmtpFault = 'connection' | 'encryption' | 'login' | 'refused';

/** Why nothing was sent. `permanent` when the server will not take this message whenever it is asked. */
export class SmtpError extends Error {
  readonly fault: SmtpFault;
  readonly permanent: boolean;
  readonly status: number | undefined;

  constructor(
    fault: SmtpFault,
    message: string,
    { permanent = false, status }: { permanent?: boolean; status?: number } = {},
  ) {
    super(message);
    this.name = 'SmtpError';
    this.fault = fault;
    this.permanent = permanent;
    this.status = status;
  }
}

/** RFC 4954: whoever sends has to say first who they are, or in another way. */
const loginWanted = [530, 534, 535, 538];

const late = () => new SmtpError('connection', 'The mail server did not answer in time.');

/** Errors are told as one of ours, which quotes nothing. */
const readFailure = (failure: SmtpFailure): SmtpError => {
  const { code = '', originalCode = '', command = '', responseCode } = failure;
  const why = connections[originalCode] ?? connections[code];
  if (code === 'ETLS' || command === 'STARTTLS' || /CERT|^ERR_(SSL|TLS)/.test(originalCode)) {
    const reason = connections[originalCode] ?? (responseCode ? 'it offers none (STARTTLS)' : 'TLS failed');
    return new SmtpError('encryption', `There is no encrypted connection to the mail server: ${reason}.`);
  }
  if (code === 'EAUTH' || command.startsWith('AUTH')) {
    const numbers = responseCode ? ` (${numbersOf(failure)})` : '';
    return new SmtpError('login', `The mail server does not take the user and password${numbers}.`);
  }
  if (responseCode === undefined || !responseCode || command === 'CONN') {
    return new SmtpError('connection', `The mail server cannot be used: ${why ?? 'the connection failed'}.`);
  }
  if (loginWanted.includes(responseCode))
    return new SmtpError('login', `The mail server wants a user and password (${numbersOf(failure)}).`);
  const status = responseCode;
  const numbers = numbersOf(failure);
  const what = { 'RCPT TO': 'the address', DATA: 'the message', 'MAIL FROM': 'the sender' }[command] ?? 'the message';
  if (responseCode < 500) return new SmtpError('refused', `The mail server put ${what} off (${numbers}).`, { status });
  // A sender that is refused is a matter of the configuration, and may be mended.
  const permanent = command !== 'MAIL FROM';
  return new SmtpError('refused', `The mail server refuses ${what} (${numbers}).`, { permanent, status });
};

const optionsOf = ({ host, port, secure, startTls }: SmtpServer) => {
  const isHere = isThisMachine(host);
  return {
    host,
    port,
    secure,
    requireTLS: !secure && !isHere && startTls === 'required',
    ignoreTLS: startTls === 'off',
    // What stays on this machine nobody else can listen to or answer in place of the server.
    tls: { minVersion: 'TLSv1.2' as const, rejectUnauthorized: !isHere },
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silentMs,
    maxResponseSize: 64 * 1024,
    logger: false,
  };
};

export const createSmtp = (server: SmtpServer) => {
  /** Opens a connection, lets ourselves in, does the work and closes it. Errors: SmtpError. */
  const connected = async <T>(
    signal: AbortSignal,
    work: (connection: SMTPConnection, settle: (error: unknown, value?: T) => void) => void,
  ): Promise<T> => {
    if (signal.aborted) throw late();
    const connection = new SMTPConnection(optionsOf(server));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const settle = (error: unknown, value?: T): void => {
      if (error) reject(readFailure(error as SmtpFailure));
      else resolve(value as T);
    };
    const giveUp = () => reject(late());
    signal.addEventListener('abort', giveUp, { once: true });
    // Also for what happens after the end: nobody would catch it.
    connection.on('error', settle);
    connection.once('end', () => settle({ code: 'ECONNECTION' }));
    connection.connect((failed) => {
      if (failed) return settle(failed);
      if (!server.login) return work(connection, settle);
      // It writes into what it is given.
      connection.login({ ...server.login }, (refused) => (refused ? settle(refused) : work(connection, settle)));
    });
    try {
      const value = await promise;
      connection.quit();
      return value;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };

  return {
    /** Hands a message to the server. Never throws for what the server did. */
    send: async (envelope: Envelope, message: Buffer, signal: AbortSignal): Promise<Outcome> => {
      try {
        await connected<void>(signal, (connection, settle) =>
          connection.send({ from: envelope.from, to: [envelope.to] }, message, (error) => settle(error)),
        );
        return { is: 'delivered', status: 250 };
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error;
        const { status } = error;
        return {
          is: error.permanent ? 'never' : 'later',
          error: error.message,
          ...(status === undefined ? {} : { status }),
        };
      }
    },

    /** Gets as far as a message would be handed over. Returns whether the connection is encrypted. Errors: SmtpError. */
    check: (signal: AbortSignal): Promise<{ encrypted: boolean }> =>
      connected(signal, (connection, settle) => settle(null, { encrypted: connection.secure })),
  };
};

export type Smtp = ReturnType<typeof createSmtp>;
