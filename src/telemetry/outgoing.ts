/**
 * The one place that sends the trace on: every HTTP request that is made while a
 * provider is being called gets a `traceparent`, whichever client its adapter
 * uses. Node tells of each request before its headers are sent.
 */
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ambient } from '../kit/ambient.ts';

interface NodeRequest {
  setHeader(name: string, value: string): unknown;
}

interface UndiciRequest {
  addHeader(name: string, value: string): unknown;
}

/** The trace to send on; null outside a call to a provider. */
const wished = (): string | null => {
  const around = ambient();
  return around?.provider === undefined ? null : (around.traceparent ?? null);
};

const listeners: [channel: string, listener: ChannelListener][] = [
  [
    'http.client.request.created',
    (message) => {
      const traceparent = wished();
      if (traceparent !== null) (message as { request: NodeRequest }).request.setHeader('traceparent', traceparent);
    },
  ],
  [
    'undici:request:create',
    (message) => {
      const traceparent = wished();
      if (traceparent !== null) (message as { request: UndiciRequest }).request.addHeader('traceparent', traceparent);
    },
  ],
];

/** Begins; the returned function ends it. Once for a process: a second one would send it twice. */
export const sendTraceOn = (): (() => void) => {
  for (const [channel, listener] of listeners) subscribe(channel, listener);
  return () => {
    for (const [channel, listener] of listeners) unsubscribe(channel, listener);
  };
};
