/**
 * How records change. The provider is the truth for what is published, so a change
 * is planned on what it has now, and carried out as one short durable operation:
 *
 * - The plan says "from this RRset to that one". A provider refuses it where the
 *   RRset is not what it was, so what somebody changed behind our back is never
 *   overwritten; the change is then planned once more on what is there.
 * - One operation at a time for each zone, and a version of the zone that must still
 *   be the one the plan was made on: of two edits of one RRset the later is planned
 *   anew on the outcome of the earlier, or answered 409 when its patience ends.
 * - A crash at any point leaves the operation, which goes on; doing it twice is
 *   harmless because the second time finds the wished RRset. One that fails is taken
 *   back from new to old, under the same guard.
 * - A repeat of the call finds the record as wished and does nothing; under an
 *   `Idempotency-Key` it finds the operation.
 *
 * A change takes milliseconds, so the request waits for its end by default.
 */
import type { Caller } from '../../kit/caller.ts';
import { AppError, ProviderError } from '../../kit/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import type { RRset } from '../../ports/dns.ts';
import { refuseFailed } from '../operations/end-of.ts';
import { whenFree } from '../operations/when-free.ts';
import { askProvider } from '../sites/ask-provider.ts';
import { relativeName } from './dns-name.ts';
import { type Picture, pictureOf, planChange, type Wished } from './plan-change.ts';
import { RecordFault } from './record.ts';
import { type ChangeParams, recordQuota } from './steps.ts';
import { originOf, requireActive, type Zone, type ZoneRef } from './zone.ts';
import type { ZoneDeps } from './zone-deps.ts';
import { RecordConflict } from './zone-records.ts';
import * as store from './zone-store.ts';

/** How long a call waits for its turn and its end, when the caller does not say. */
const patienceSeconds = 10;
const askTimeoutMs = 5_000;

/** How long a caller waits. */
export interface Patience {
  /** 0 for the usual. */
  waitSeconds: number;
  signal: AbortSignal;
}

export interface ChangedZone {
  zone: Zone;
  /** Null when everything was as wished. */
  operation: Operation | null;
}

/** A refusal of the rules, for the caller. */
export const asRefusal = (error: unknown): unknown => {
  if (error instanceof RecordConflict) {
    return new AppError('conflict', 'record_conflict', error.message, { details: { field: error.field } });
  }
  if (error instanceof RecordFault) {
    return new AppError('invalid', 'record_invalid', error.message, { details: { field: error.field } });
  }
  return error;
};

type Requires = (caller: Pick<Caller, 'panelId'>, ref: ZoneRef) => Promise<Zone>;

/** What the provider has of a zone; null when it has no such zone. Errors: `provider_unavailable` (503). */
export const readPublished = (
  { dns }: Pick<ZoneDeps, 'dns'>,
  zone: Pick<Zone, 'name'>,
  signal?: AbortSignal,
): Promise<RRset[] | null> =>
  askProvider(
    (over) =>
      dns.listRRsets(originOf(zone), over).catch((error: unknown) => {
        if (error instanceof ProviderError && error.kind === 'not_found') return null;
        throw error;
      }),
    askTimeoutMs,
    signal,
  );

export const changeZone = (deps: ZoneDeps, requireZone: Requires) => {
  const { db, operations, dns, definitions } = deps;

  /** What the provider cannot hold is refused before anything is written down. */
  const refuseUnfit = (zone: Zone, { changes }: Pick<ChangeParams, 'changes'>): void => {
    const unfit = dns.audit(changes.flatMap((change) => (change.op === 'delete' ? [] : [change.new])))[0];
    if (!unfit) return;
    const { name, type } = unfit.rrset;
    const what = `${relativeName(name, originOf(zone))} ${type}`;
    throw new AppError('invalid', 'record_invalid', `The record ${what} cannot be published here: ${unfit.reason}.`);
  };

  /** Plans on what is there and puts it in line. Null when the zone was changed meanwhile. */
  const attempt = async (
    caller: Caller,
    ref: ZoneRef,
    decide: (picture: Picture) => Wished | null,
    signal: AbortSignal,
  ): Promise<ChangedZone | null> => {
    const zone = await requireZone(caller, ref);
    const earlier =
      caller.idempotencyKey === undefined
        ? null
        : await operations.transaction((tx) => operations.findEarlier(tx, caller));
    if (earlier) return { zone, operation: earlier };
    requireActive(zone);
    const rows = await store.listRecords(db.knex, zone.id);
    const published = await readPublished(deps, zone, signal);
    if (published === null) {
      throw new AppError(
        'conflict',
        'not_allowed_now',
        `The zone ${zone.name} is not at the DNS provider any more. Delete it and create it again.`,
      );
    }
    const picture = pictureOf(published, rows, originOf(zone));
    const wished = decide(picture);
    if (!wished) return { zone, operation: null };
    const { changes, put, drop, growth } = planChange(picture, wished);
    if (changes.length === 0 && put.length === 0 && drop.length === 0) return { zone, operation: null };
    refuseUnfit(zone, { changes });
    return operations.transaction(async (tx) => {
      if (!(await store.claimVersion(tx, zone))) return null;
      requireActive((await store.findById(tx, zone.key))!);
      const operation = await operations.submit(tx, definitions.edit, caller, {
        service: zone.key,
        params: { changes, put, drop, fewer: Math.max(0, -growth) },
        holds: growth > 0 ? { [recordQuota]: growth } : {},
      });
      return { zone, operation };
    });
  };

  /** `operation_in_progress` in the words of a zone. */
  const namedBusy = (error: unknown, ref: ZoneRef): unknown =>
    error instanceof AppError && error.code === 'operation_in_progress'
      ? new AppError('conflict', 'operation_in_progress', `The zone ${ref.name} is busy. Try again in a moment.`, {
          retryAfter: 2,
          ...(error.details ? { details: error.details } : {}),
        })
      : error;

  /**
   * Changes the records of a zone to what `decide` wishes of what is there; null
   * from it when there is nothing to do. Waits for the end. Errors: `not_found`,
   * those of the rules, `quota_exceeded`, `operation_in_progress`, `operation_failed`.
   */
  return async (
    caller: Caller,
    ref: ZoneRef,
    { waitSeconds, signal }: Patience,
    decide: (picture: Picture) => Wished | null,
  ): Promise<ChangedZone> => {
    const patienceMs = (waitSeconds || patienceSeconds) * 1000;
    const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);

    const submit = async (): Promise<ChangedZone> => {
      for (;;) {
        const changed = await attempt(caller, ref, decide, signal);
        if (changed) return changed;
        if (until.aborted) {
          throw new AppError('conflict', 'operation_in_progress', `The zone ${ref.name} is busy.`, { retryAfter: 2 });
        }
      }
    };

    try {
      for (let isFirst = true; ; isFirst = false) {
        const changed = await whenFree(operations, caller, { patienceMs, signal: until }, submit);
        if (!changed.operation) return changed;
        const ended = await operations.waitForRest(changed.operation.id, patienceMs, until);
        const operation = ended ?? changed.operation;
        // Somebody else was at the provider between our look and our change: once more, on what is there now.
        const isOvertaken = operation.state === 'failed' && operation.error?.code === 'provider_refused';
        if (isOvertaken && isFirst) continue;
        refuseFailed(operations, operation);
        return { zone: changed.zone, operation };
      }
    } catch (error) {
      throw namedBusy(asRefusal(error), ref);
    }
  };
};

export type ChangeZone = ReturnType<typeof changeZone>;
