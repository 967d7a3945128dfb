/**
 * What the running code belongs to: a request, an operation, a trace. It is only
 * for telling what happens (logs, traces); no rule may depend on it. The costs
 * are a fraction of a microsecond for each request.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Ambient {
  readonly request?: string | null;
  readonly operation?: string;
  /** W3C Trace Context of the span that is open now. */
  readonly traceparent?: string | null;
  /** Set while a provider is being called: its requests carry the trace on. */
  readonly provider?: string;
}

const storage = new AsyncLocalStorage<Ambient>();

export const ambient = (): Ambient | undefined => storage.getStore();

/** Runs `work` as part of that, and of nothing that its caller is part of. */
export const runAs = <T>(what: Ambient, work: () => T): T => storage.run(what, work);
