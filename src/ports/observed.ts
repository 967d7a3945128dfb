/**
 * A provider as everybody else sees it: each call is counted and timed, is a span
 * of the trace, and what it throws quotes no secret of ours. Nothing else changes.
 */
import { ProviderError } from '../kit/errors.ts';
import { type Scrub, scrubError } from '../kit/secrets.ts';
import { inSpan, type Telemetry } from '../kit/telemetry.ts';

/** How a call ended, in a word. */
const outcomeOf = (error: unknown): string => (error instanceof ProviderError ? error.kind : 'fault');

// biome-ignore lint/suspicious/noExplicitAny: methods of any port
type Method = (...values: any[]) => unknown;

export const observe = <Port extends { readonly id: string }>(
  port: Port,
  { telemetry, scrub, now }: { telemetry: Telemetry; scrub: Scrub; now: () => number },
): Port => {
  const call = async (name: string, method: Method, values: unknown[]): Promise<unknown> => {
    const began = now();
    try {
      const result = await inSpan(
        telemetry,
        `${port.id} ${name}`,
        { kind: 'client', provider: port.id, attributes: { 'provisor.provider': port.id, 'provisor.method': name } },
        async () => method.apply(port, values),
        outcomeOf,
      );
      telemetry.providerCalled(port.id, name, 'ok', now() - began);
      return result;
    } catch (error) {
      telemetry.providerCalled(port.id, name, outcomeOf(error), now() - began);
      scrubError(scrub, error);
      throw error;
    }
  };
  // By the method itself, so that one which is exchanged later is not called in its old form.
  const observed = new WeakMap<Method, Method>();
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string' || pure.has(name)) return value;
      const known = observed.get(value as Method);
      if (known) return known;
      const method: Method = (...values) => call(name, value as Method, values);
      observed.set(value as Method, method);
      // What was taken from here and is put back is observed already.
      observed.set(method, method);
      return method;
    },
  });
};

/** Methods that ask nobody and answer at once. */
const pure: ReadonlySet<string> = new Set(['upstream', 'urlFor', 'audit']);
