/**
 * A provider that gives away all it was sent: every answer has the request's
 * address, headers and body in its body, its status line and a header, plain and
 * in the shapes in which real providers put their complaints.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Echo {
  url: string;
  status: number;
  asked: number;
  stop(): Promise<void>;
}

const said = (request: IncomingMessage, body: string): string => {
  const { authorization = '' } = request.headers;
  const basic = /^Basic (.+)$/.exec(authorization)?.[1];
  return [
    `You sent ${request.method} ${request.url} with`,
    JSON.stringify(request.headers),
    body,
    decodeURIComponent(body.replaceAll('+', ' ').replaceAll(/%(?![0-9a-f]{2})/gi, '%25')),
    basic === undefined ? '' : Buffer.from(basic, 'base64').toString(),
  ].join(' ');
};

const inAllShapes = (text: string) => ({
  success: false,
  error: text,
  errors: [{ code: 1000, message: text }, text],
  messages: [text],
  message: text,
  code: text,
  reason: text,
  response: false,
  result: null,
  data: null,
});

export const startEcho = async (tls?: { key: string; cert: string }): Promise<Echo> => {
  const echo = { url: '', status: 400, asked: 0, stop: async () => {} };
  const listener: RequestListener = async (request, response) => {
    echo.asked += 1;
    let body = '';
    for await (const chunk of request) body += chunk;
    const text = said(request, body);
    const inHeader = text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 4_000);
    response.writeHead(echo.status, inHeader, { 'content-type': 'application/json', 'x-complaint': inHeader });
    response.end(JSON.stringify(inAllShapes(text)));
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  echo.url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  echo.stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return echo;
};
