/** A provider around another, that a test can make fail, wait or refuse. */
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';

export interface Breakable<Port = ComputeProvider> {
  adapter: Adapter<Port>;
  /** Runs instead of the call, told when that is to stop; when it returns, the call goes ahead. */
  before(call: keyof Port, what: ((signal?: AbortSignal) => Promise<void>) | null): void;
  calls: string[];
}

export const breakable = <Port extends object>(inner: Adapter<Port>): Breakable<Port> => {
  const hooks = new Map<keyof Port, (signal?: AbortSignal) => Promise<void>>();
  const calls: string[] = [];
  const port = new Proxy(inner.port, {
    get: (target, name) => {
      const call = name as keyof Port;
      const value = target[call];
      // What says where a site answers, and what a provider can hold, asks nobody.
      if (typeof value !== 'function' || name === 'upstream' || name === 'audit') return value;
      return async (...args: unknown[]) => {
        calls.push(String(name));
        await hooks.get(call)?.(args.findLast((arg) => arg instanceof AbortSignal));
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return {
    adapter: { ...inner, port },
    before: (call, what) => {
      if (what) hooks.set(call, what);
      else hooks.delete(call);
    },
    calls,
  };
};
