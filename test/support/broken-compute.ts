/** A compute provider around another, that a test can make fail, wait or refuse. */
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';

type Call = keyof ComputeProvider;

export interface Breakable {
  adapter: Adapter<ComputeProvider>;
  /** Runs instead of the call, told when that is to stop; when it returns, the call goes ahead. */
  before(call: Call, what: ((signal?: AbortSignal) => Promise<void>) | null): void;
  calls: string[];
}

export const breakable = (inner: Adapter<ComputeProvider>): Breakable => {
  const hooks = new Map<Call, (signal?: AbortSignal) => Promise<void>>();
  const calls: string[] = [];
  const port = new Proxy(inner.port, {
    get: (target, name: Call) => {
      const value = target[name];
      if (typeof value !== 'function' || name === 'upstream') return value;
      return async (...args: unknown[]) => {
        calls.push(name);
        await hooks.get(name)?.(args.findLast((arg) => arg instanceof AbortSignal));
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
