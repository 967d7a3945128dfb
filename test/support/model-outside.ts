/**
 * An outside of names and values that a test can look into, whose calls end as
 * the test decides: answered or not, carried out at once, later, or never.
 */
import assert from 'node:assert/strict';
import { ProviderError } from '../../src/kit/errors.ts';

export const answers = ['ok', 'busy', 'refused', 'lost', 'lost-undone', 'lost-late'] as const;
export type Answer = (typeof answers)[number];

export interface Call {
  id: number;
  operation: string;
  service: string;
  step: string;
  forward: boolean;
  /** Nobody listens to its answer any more, though it may still land. */
  abandoned: boolean;
  answer(how: Answer): void;
}

/** Calls of a process that ends; told when it does. */
export interface Sender {
  calls: Set<Call & { abandon(): void }>;
}

/**
 * `tailMs` is the longest that a call may still land after nobody listens to it
 * any more. The engine's grace has to be longer.
 */
export const modelOutside = ({ tailMs, now }: { tailMs: number; now: () => number }) => {
  const objects = new Set<string>();
  const values = new Map<string, string>();
  const open = new Set<Call>();
  let tails: { at: number; service: string; land: () => void }[] = [];
  const last = new Map<string, { how: Answer | 'none'; forward: boolean }>();
  let ids = 0;

  /** What becomes of a call that nobody listens to: each third is lost, lands at once, or lands at the last moment. */
  const tail = (id: number, service: string, land: () => void) => {
    if (id % 3 === 1) land();
    if (id % 3 === 2) tails.push({ at: now() + tailMs, service, land });
  };
  /** Lands now, if it was still to land. */
  const landNow = (land: () => void) => {
    if (!tails.some((each) => each.land === land)) return;
    tails = tails.filter((each) => each.land !== land);
    land();
  };

  const call = (
    sender: Sender,
    of: { operation: string; service: string; step: string; forward: boolean; signal: AbortSignal },
    effect: () => void,
  ): Promise<void> =>
    new Promise((resolve, reject) => {
      const { operation, service, step, forward, signal } = of;
      const other = [...open].find((each) => each.service === service && !each.abandoned);
      assert.ok(other === undefined, `${step} begins while ${other?.step} is under way`);
      assert.ok(!tails.some((each) => each.service === service), `${step} begins while an earlier call may still land`);
      ids += 1;
      const id = ids;
      const abandon = () => {
        if (mine.abandoned || !open.has(mine)) return;
        mine.abandoned = true;
        last.set(operation, { how: 'none', forward });
        tail(id, service, effect);
      };
      const mine = {
        id,
        operation,
        service,
        step,
        forward,
        abandoned: false,
        abandon,
        answer: (how: Answer) => {
          if (!open.delete(mine)) return;
          sender.calls.delete(mine);
          if (mine.abandoned) {
            // Whoever was only paused, or is just stopping, hears of it after all; then it has landed, or never will.
            landNow(effect);
            if (how === 'ok' && id % 3 !== 0) resolve();
            else reject(new ProviderError('model', 'unknown_outcome', 'no answer'));
            return;
          }
          last.set(operation, { how, forward });
          if (how === 'ok' || how === 'lost') effect();
          if (how === 'lost-late') tails.push({ at: now() + tailMs, service, land: effect });
          if (how === 'ok') resolve();
          else if (how === 'busy') reject(new ProviderError('model', 'rate_limited', 'slow down'));
          else if (how === 'refused') reject(new ProviderError('model', 'invalid', 'no'));
          else reject(new ProviderError('model', 'unknown_outcome', 'no answer'));
        },
      };
      open.add(mine);
      sender.calls.add(mine);
      signal.addEventListener('abort', abandon, { once: true });
    });

  return {
    objects,
    values,
    call,
    last,
    /** Calls that may be answered, in an order that no chance decides. */
    calls: (): Call[] =>
      [...open].sort((a, b) => `${a.service}${a.operation}`.localeCompare(`${b.service}${b.operation}`)),
    /** When the next late call lands. */
    nextLanding: (): number => Math.min(...tails.map((each) => each.at)),
    land: () => {
      const due = tails.filter((each) => each.at <= now());
      tails = tails.filter((each) => each.at > now());
      for (const { land } of due) land();
    },
  };
};

export type ModelOutside = ReturnType<typeof modelOutside>;
