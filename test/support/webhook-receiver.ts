/** A server that webhooks lead to: keeps what it was sent, and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  id: string;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent; tests look into it
  body: any;
}

export interface WebhookReceiver {
  url: string;
  port: number;
  received: Received[];
  /** How to answer the next calls; 204 when it is not said. Returning nothing leaves the call without an answer. */
  answer: ((call: Received, response: ServerResponse) => number | undefined) | null;
  /** Waits until so many calls have come in all. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

export const startWebhookReceiver = async (host = '127.0.0.1', port = 0): Promise<WebhookReceiver> => {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const receiver: WebhookReceiver = {
    url: '',
    port: 0,
    received,
    answer: null,
    until: async (count) => {
      const limit = AbortSignal.timeout(15_000);
      while (received.length < count) {
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          limit.addEventListener('abort', () => reject(new Error(`${received.length} of ${count} calls came`)));
        });
      }
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const call: Received = {
      path: request.url ?? '',
      id: String(request.headers['webhook-id']),
      headers: request.headers,
      text,
      body: JSON.parse(text),
    };
    const status = receiver.answer ? receiver.answer(call, response) : 204;
    received.push(call);
    for (const wake of waiting) wake();
    waiting.clear();
    if (status !== undefined) response.writeHead(status).end();
  });
  server.listen(port, host);
  await once(server, 'listening');
  receiver.port = (server.address() as AddressInfo).port;
  receiver.url = `http://${host}:${receiver.port}/hook`;
  return receiver;
};
