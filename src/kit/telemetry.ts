/**
 * What happens, told as it happens to whoever counts it. Labels are names that
 * this program gives (operationIds, kinds of operations, steps, methods of
 * ports), never ids of panels or services: their number is known beforehand.
 * No method throws, and each costs a microsecond or so.
 */
import { ambient, runAs } from './ambient.ts';
import type { MetricsPage, Readings } from './readings.ts';

/** One stretch of a trace. */
export interface Span {
  /** W3C Trace Context for what happens within it; null when nothing is traced. */
  readonly traceparent: string | null;
  /** For what is known by a better name later. */
  rename(name: string): void;
  set(attributes: Record<string, string | number>): void;
  /** `failure` names what went wrong, in a word and never in a message, which may quote anything. */
  end(failure?: string): void;
}

export interface SpanWish {
  kind: 'server' | 'internal' | 'client';
  /** The traceparent of what it is part of; anything that is none begins a new trace. */
  parent?: string | null | undefined;
  attributes?: Record<string, string | number>;
}

export interface Telemetry {
  /** An answer was sent. `ms` is null when the caller asked to wait, which says nothing about us. */
  answered(call: string, status: number, ms: number | null): void;
  operationEnded(kind: string, outcome: 'done' | 'failed' | 'stuck', ms: number): void;
  /** One try of one step. `rested`: its provider was being left alone, so nothing was tried. */
  stepTried(
    step: { kind: string; step: string; direction: 'do' | 'undo' },
    outcome: 'ok' | 'failed' | 'rested',
    ms: number,
  ): void;
  /** An operation was put off to be tried again. */
  retried(kind: string, step: string): void;
  leaseLost(): void;
  providerCalled(provider: string, method: string, outcome: string, ms: number): void;
  transactionRetried(): void;
  /** One try to tell somebody. `given-up`: it is not tried again. */
  deliveryTried(channel: string, outcome: 'delivered' | 'put-off' | 'given-up'): void;
  startSpan(name: string, wish: SpanWish): Span;
}

const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** A `traceparent` that can be gone on from; null for everything else. */
export const readTraceparent = (header: string | null | undefined): string | null =>
  header && header.length <= 256 && form.test(header) ? `00${header.slice(2, 55)}` : null;

const noSpan: Span = { traceparent: null, rename: () => {}, set: () => {}, end: () => {} };

/** Makes no span of its own, but hands on the trace that it is given. */
export const passOn = (parent: string | null | undefined): Span => {
  const traceparent = readTraceparent(parent);
  return traceparent === null ? noSpan : { ...noSpan, traceparent };
};

/** Tells nobody. */
export const noTelemetry: Telemetry = {
  answered: () => {},
  operationEnded: () => {},
  stepTried: () => {},
  retried: () => {},
  leaseLost: () => {},
  providerCalled: () => {},
  transactionRetried: () => {},
  deliveryTried: () => {},
  startSpan: (_name, { parent }) => passOn(parent),
};

/** Runs `work` in a span of its own, below the one that is open now. `failureOf` puts what it throws into a word. */
export const inSpan = async <T>(
  telemetry: Telemetry,
  name: string,
  wish: Pick<SpanWish, 'kind' | 'attributes'> & { provider?: string },
  work: () => Promise<T>,
  failureOf: (error: unknown) => string,
): Promise<T> => {
  const { provider, ...rest } = wish;
  const around = ambient();
  const span = telemetry.startSpan(name, { ...rest, parent: around?.traceparent });
  try {
    const result = await runAs(
      { ...around, traceparent: span.traceparent, ...(provider === undefined ? {} : { provider }) },
      work,
    );
    span.end();
    return result;
  } catch (error) {
    span.end(failureOf(error));
    throw error;
  }
};

/** Telemetry, and what it has to show for it. */
export interface ShownTelemetry extends Telemetry {
  page(readings: Readings): Promise<MetricsPage>;
}

export const noneShown: ShownTelemetry = {
  ...noTelemetry,
  page: async () => ({ type: 'text/plain; charset=utf-8', body: '# Nothing is counted in this process.\n' }),
};
