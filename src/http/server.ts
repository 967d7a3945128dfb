/** The listener: starts with a sentence when the port is taken, and ends without dropping an answer. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, sleep } from '../kit/clock.ts';
import { newId } from '../kit/ids.ts';

/** How long a kept-alive connection may stay silent once no more are taken. */
const silentMs = 1_000;
/** Answers that take longer than this are given up. */
export const longestAnswerMs = 30_000;

/** What is not accepted whole gets its answer, and then this long to take it. */
const lingeringMs = 2_000;

/**
 * What one connection, and all together, may cost. A request that trickles in is cut off, and so is a connection that
 * never sends one, or never takes its answer.
 */
export interface ConnectionLimits {
  /** How long the headers, and the whole request, may take to arrive: 408. */
  headersMs: number;
  requestMs: number;
  /** How often Node looks for requests that are late. */
  checkMs: number;
  /** Longer than the usual minute of a proxy in front, so that it is the proxy that closes. */
  keepAliveMs: number;
  /** Nothing moves in either direction. Longer than any wait that a caller can ask for. */
  stillMs: number;
  /** At once; more are closed as they come. */
  connections: number;
  /** Answers on one connection, after which it is closed, so that new replicas get their share of kept connections. */
  requests: number;
}

const defaultLimits: ConnectionLimits = {
  headersMs: 15_000,
  requestMs: 60_000,
  checkMs: 5_000,
  keepAliveMs: 65_000,
  stillMs: 120_000,
  connections: 4_000,
  requests: 10_000,
};
/** Bytes of the request line and all headers: 431. Far above what a panel sends and far below what hurts. */
const maxHeaderSize = 16 * 1024;
/** Headers of one request; what is beyond is 431, and not passed over. */
const mostHeaders = 100;

export interface HttpServer {
  readonly port: number;
  /**
   * Lingers, then takes no new connections, answers what comes on the open ones
   * (each answer says `Connection: close`), and resolves when all are closed and
   * what those who have left asked for is done, too.
   */
  drain(): Promise<void>;
}

const unreadable: Record<string, readonly [status: string, sentence: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The address and the headers are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};

const problemText = (sentence: string, requestId: string): string =>
  JSON.stringify({
    success: false,
    error: sentence,
    code: 'invalid_request',
    retryable: false,
    request_id: requestId,
  });

/** More headers than anybody needs, which no code of ours should have to look through. */
const refuseHeaders = (res: ServerResponse): void => {
  const requestId = newId();
  res.writeHead(431, {
    'X-Request-Id': requestId,
    'Content-Type': 'application/json; charset=utf-8',
    Connection: 'close',
  });
  res.end(problemText(`The request has more than ${mostHeaders} headers.`, requestId));
};

/** What a connection carries now; Node tells it by no other name. */
interface Carrying {
  _httpMessage?: ServerResponse | null;
}

/** Whether something may be written that is taken for the answer to what could not be read, and for no other's. */
const isUnanswered = ({ _httpMessage: answer }: Carrying): boolean =>
  !answer || (!answer.headersSent && !answer.req.complete);

/** What Node cannot read whole never reaches a handler. It is answered here, in the one shape that all errors have. */
const refuseUnreadable = (error: NodeJS.ErrnoException, socket: Duplex & Carrying, clock: Clock): void => {
  if (!socket.writable || !isUnanswered(socket) || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, sentence] = unreadable[error.code ?? ''] ?? ['400 Bad Request', 'The request is not valid HTTP.'];
  const requestId = newId();
  const text = problemText(sentence, requestId);
  const headers = [
    `HTTP/1.1 ${status}`,
    `X-Request-Id: ${requestId}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${text}`);
  // Who was refused may go on sending, and never close.
  const end = clock.after(lingeringMs, () => socket.destroy());
  socket.once('close', () => end.cancel());
};

/** Errors: a sentence that names the port and the variable, when it is taken or not allowed. */
export const listen = async (
  listener: RequestListener,
  options: {
    host: string;
    port: number;
    variable: string;
    /**
     * How long it goes on taking connections once it is told to end, so that a
     * balancer in front has time to see that it is no longer ready.
     */
    lingerMs: number;
    clock: Clock;
    limits?: Partial<ConnectionLimits>;
    /** Resolves once nothing is being carried out any more, whether or not somebody is there for the answer. */
    atRest?: () => Promise<void>;
  },
): Promise<HttpServer> => {
  const { host, port, variable, lingerMs, clock, atRest = async () => {} } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const settings = {
    maxHeaderSize,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
  };
  const server: Server = createServer(settings, (req, res) => {
    if (req.rawHeaders.length / 2 > mostHeaders) refuseHeaders(res);
    else listener(req, res);
  });
  // Node would cut off what is beyond, and the application would see another request than was sent.
  server.maxHeadersCount = mostHeaders + 1;
  server.timeout = limits.stillMs;
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = limits.requests;
  server.on('clientError', (error, socket) => refuseUnreadable(error, socket, clock));
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(new Error(`Port ${port} on ${host} is taken by another program. Set ${variable} to a free port.`));
      else if (error.code === 'EACCES')
        reject(new Error(`This user may not listen on port ${port}. Set ${variable} to a port above 1023.`));
      else if (error.code === 'EADDRNOTAVAIL')
        reject(
          new Error(
            `${host} is not an address of this machine. Set ${variable.replace(/PORT$/, 'HOST')} to one that is.`,
          ),
        );
      else reject(error);
    });
    server.listen(port, host, resolve);
  });

  const closeIdle = () => {
    server.closeIdleConnections();
    // Node counts a connection as idle only after its first request. One that was opened ahead may never have any.
    for (const connection of connections) if (connection.bytesRead === 0) connection.destroy();
  };

  return {
    port: (server.address() as AddressInfo).port,
    drain: async () => {
      if (lingerMs > 0) await sleep(clock, lingerMs);
      const late = new Promise<void>((resolve) => {
        clock.after(longestAnswerMs, () => {
          for (const connection of connections) connection.destroy();
          resolve();
        });
      });
      await new Promise<void>((resolve) => {
        // http's own close() also cuts idle connections, on which a request may just be coming in.
        NetServer.prototype.close.call(server, () => resolve());
        const closeSilent = () => {
          closeIdle();
          if (connections.size > 0) clock.after(250, closeSilent);
        };
        clock.after(silentMs, closeSilent);
      });
      await Promise.race([atRest(), late]);
    },
  };
};
