/** A provider around another that misbehaves in one call, as the real ones do. */
import { ProviderError } from '../../src/kit/errors.ts';

/**
 * - `loses the answer`: the call is carried out, and nobody hears of it.
 * - `lands late`: nothing comes within the time-out; the call is carried out after it.
 * - `fails twice`: refuses two times before anything is done.
 * - `answers garbage`: throws what no adapter may throw.
 * - `hangs`: never answers and does nothing.
 */
export const misbehaviours = ['loses the answer', 'lands late', 'fails twice', 'answers garbage', 'hangs'] as const;
export type Misbehaviour = (typeof misbehaviours)[number];

export interface Faulty<Port extends object> {
  port: Port;
  /** Misbehaves in the next call of `method` (`fails twice`: the next two). */
  misbehave(method: keyof Port & string, how: Misbehaviour): void;
  /** Whether it did. */
  happened(): boolean;
  /** Carries out what is still to land. */
  land(): Promise<void>;
}

/** What says something of itself, at once. */
const asksNobody: ReadonlySet<string> = new Set(['upstream', 'urlFor', 'audit']);

export const faulty = <Port extends object>(inner: Port, id: string): Faulty<Port> => {
  let wish: { method: string; how: Misbehaviour; left: number } | null = null;
  let happened = false;
  let late: (() => Promise<unknown>)[] = [];

  const call = async (method: string, run: () => Promise<unknown>): Promise<unknown> => {
    if (wish?.method !== method || wish.left === 0) return run();
    wish.left -= 1;
    happened = true;
    switch (wish.how) {
      case 'loses the answer':
        await run();
        throw new ProviderError(id, 'unknown_outcome', 'the connection was reset');
      case 'lands late':
        late.push(run);
        return new Promise(() => {});
      case 'fails twice':
        throw new ProviderError(id, 'unavailable', 'connection refused');
      case 'answers garbage':
        throw new TypeError("Cannot read properties of undefined (reading 'data')");
      case 'hangs':
        return new Promise(() => {});
    }
  };

  return {
    port: new Proxy(inner, {
      get: (target, method) => {
        const value = Reflect.get(target, method);
        if (typeof value !== 'function' || typeof method !== 'string' || asksNobody.has(method)) return value;
        return (...args: unknown[]) =>
          call(method, () => {
            // A call that lands late was sent long ago: the signal of its sender does not reach it any more.
            const sent = args.map((arg) =>
              arg instanceof AbortSignal && arg.aborted ? AbortSignal.timeout(10_000) : arg,
            );
            return Reflect.apply(value, target, sent);
          });
      },
    }),
    misbehave: (method, how) => {
      wish = { method, how, left: how === 'fails twice' ? 2 : 1 };
      happened = false;
    },
    happened: () => happened,
    land: async () => {
      const all = late;
      late = [];
      for (const run of all) await run().catch(() => undefined);
    },
  };
};
