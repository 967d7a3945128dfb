/** The operations of a zone, step by step. Each carries what it is about, so that a later setting changes nothing under way. */
import { z } from 'zod';
import type { Database, Queries, Tx } from '../../database/database.ts';
import { ProviderError } from '../../kit/errors.ts';
import { defineOperation } from '../../operations/definition.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import { closeQuotas, returnQuota } from '../../operations/quota.ts';
import type { DnsProvider, RRset, RRsetChange } from '../../ports/dns.ts';
import { inverse } from './plan-change.ts';
import { recordTypes, type ZoneRecord } from './record.ts';
import { customerKey, originOf, ownerOf, type Zone, zoneObject } from './zone.ts';
import { isOurs, toRRsets } from './zone-records.ts';
import * as store from './zone-store.ts';

const day = 86_400;
const callTimeoutMs = 60_000;
/** Nobody waits longer for a record; what is not published by then is taken back. */
const changeDeadlineSeconds = 600;

const type = z.enum(recordTypes);
const rrset = z.object({ name: z.string(), type, ttl: z.number(), rdata: z.array(z.string()) });
const record: z.ZodType<ZoneRecord> = z.object({
  id: z.string(),
  name: z.string(),
  type,
  ttl: z.number(),
  rdata: z.string(),
  alias: z.boolean(),
});
const change: z.ZodType<RRsetChange> = z.discriminatedUnion('op', [
  z.object({ op: z.literal('create'), new: rrset }),
  z.object({ op: z.literal('update'), old: rrset, new: rrset }),
  z.object({ op: z.literal('delete'), old: rrset }),
]);

export const createParams = z.object({
  name: z.string(),
  customer_id: z.string().nullable(),
  /** Whose zone it is to the provider. */
  owner: z.string(),
  nameservers: z.array(z.string()),
  records: z.array(record),
});
export type CreateParams = z.infer<typeof createParams>;

export const changeParams = z.object({
  /** From what was there when it was asked for, so that what somebody else changed since is not overwritten. */
  changes: z.array(change),
  put: z.array(record),
  drop: z.array(z.string()),
  /** By how many records fewer there are afterwards; more are held as a quota. */
  fewer: z.number(),
});
export type ChangeParams = z.infer<typeof changeParams>;

interface OnZone {
  zone: Zone;
}

export interface ZoneStepDeps {
  db: Database;
  dns: DnsProvider;
}

export const recordQuota = 'records';
export const zoneQuota = 'zones';

export const zoneOperations = ({ db, dns }: ZoneStepDeps) => {
  const { atomic, createsZones } = dns.capabilities;

  const zoneOf = async (queries: Queries, key: ServiceKey): Promise<Zone> => {
    const zone = await store.findById(queries, key);
    if (!zone) throw new Error(`Zone ${key.serviceId} has no row`);
    return zone;
  };
  const load = async (queries: Queries, key: ServiceKey): Promise<OnZone> => ({ zone: await zoneOf(queries, key) });

  /** Removes a zone with its records; where the zone itself is not ours to remove, those that `which` gives. */
  const removeZone = async (zone: Zone, which: (there: RRset[]) => RRset[], signal: AbortSignal): Promise<void> => {
    const name = originOf(zone);
    if (createsZones) return dns.deleteZone({ name, owner: ownerOf(zone) }, signal);
    if ((await dns.getZone(name, signal)) === null) return;
    const going = which((await dns.listRRsets(name, signal)).filter((one) => !isOurs(one, name)));
    await dns.applyChanges(
      name,
      going.map((old) => ({ op: 'delete', old })),
      signal,
    );
  };

  /** Back to how it was; what somebody else has changed meanwhile stays as they made it. */
  const takeBack = async (origin: string, changes: RRsetChange[], signal: AbortSignal): Promise<void> => {
    if (atomic) return dns.applyChanges(origin, changes, signal);
    for (const one of changes) {
      await dns.applyChanges(origin, [one], signal).catch((error: unknown) => {
        if (!(error instanceof ProviderError && error.kind === 'conflict')) throw error;
      });
    }
  };

  /** The name is free again, and the customer has room for another zone: once, whoever comes first. */
  const giveBack = async (tx: Tx, key: ServiceKey, state: 'failed' | 'deleted'): Promise<void> => {
    const zone = await zoneOf(tx, key);
    await closeQuotas(tx, key);
    if (zone.isLive && zone.customerId !== null) {
      await returnQuota(tx, customerKey(key.panelId, zone.customerId), zoneQuota);
    }
    await store.giveBack(tx, key, state, await db.now(tx));
  };

  const create = defineOperation<OnZone, CreateParams>({
    kind: 'zone.create',
    params: createParams,
    doneMessage: 'The zone is ready',
    load,
    steps: [
      {
        name: 'create-zone',
        say: 'Making the zone',
        uses: dns,
        owns: ({ zone }) => zoneObject(zone),
        timeoutMs: callTimeoutMs,
        run: async ({ zone, params, signal }) => {
          const name = originOf(zone);
          if (createsZones)
            await dns.createZone({ name, owner: params.owner, nameservers: params.nameservers }, signal);
          else if ((await dns.getZone(name, signal)) === null) {
            throw new ProviderError(dns.id, 'invalid', `It makes no zones, and there is no ${name}`);
          }
        },
        // What the operator had in it before stays.
        undo: ({ zone, params, signal }) => removeZone(zone, () => [...toRRsets(params.records).values()], signal),
      },
      {
        name: 'publish-defaults',
        say: 'Publishing the first records',
        uses: dns,
        run: ({ zone, params, signal }) =>
          dns.applyChanges(
            originOf(zone),
            [...toRRsets(params.records).values()].map((one) => ({ op: 'create', new: one })),
            signal,
          ),
      },
    ],
    done: async (tx, key, { records }) => {
      const zone = await zoneOf(tx, key);
      await store.raiseVersion(tx, zone.id);
      await store.replaceRecords(tx, zone, { put: records, drop: [] });
      await store.setState(tx, key, 'active', await db.now(tx));
    },
    failed: (tx, key) => giveBack(tx, key, 'failed'),
  });

  const edit = defineOperation<OnZone, ChangeParams>({
    kind: 'zone.change',
    params: changeParams,
    doneMessage: 'The change is published',
    deadlineSeconds: changeDeadlineSeconds,
    load,
    steps: [
      {
        name: 'publish',
        say: 'Publishing the change',
        uses: dns,
        timeoutMs: callTimeoutMs,
        run: ({ zone, params, signal }) => dns.applyChanges(originOf(zone), params.changes, signal),
        undo: ({ zone, params, signal }) => takeBack(originOf(zone), inverse(params.changes), signal),
      },
    ],
    done: async (tx, key, { put, drop, fewer }) => {
      const zone = await zoneOf(tx, key);
      await store.raiseVersion(tx, zone.id);
      await store.replaceRecords(tx, zone, { put, drop });
      if (fewer > 0) await returnQuota(tx, key, recordQuota, fewer);
      await store.touch(tx, key, await db.now(tx));
    },
    failed: async (tx, key) => store.raiseVersion(tx, (await zoneOf(tx, key)).id),
  });

  const remove = defineOperation<OnZone, Record<string, never>>({
    kind: 'zone.delete',
    params: z.object({}),
    doneMessage: 'The zone is deleted',
    forwardOnly: true,
    waits: true,
    deadlineSeconds: day,
    load,
    accepted: async (tx, key) => store.setState(tx, key, 'deleting', await db.now(tx)),
    steps: [
      {
        name: 'delete-zone',
        say: 'Removing the zone and its records',
        uses: dns,
        removes: ({ zone }) => zoneObject(zone),
        timeoutMs: callTimeoutMs,
        run: async ({ zone, signal }) => {
          // A create that was taken back has removed it, and the name may be another's by now.
          if (zone.isLive) await removeZone(zone, (there) => there, signal);
        },
      },
    ],
    done: (tx, key) => giveBack(tx, key, 'deleted'),
  });

  return { create, edit, remove };
};

export type ZoneOperations = ReturnType<typeof zoneOperations>;
