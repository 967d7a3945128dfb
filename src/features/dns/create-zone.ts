import type { Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import type { Operation } from '../../operations/operation.ts';
import { ensureQuota, openQuotas, takeQuota } from '../../operations/quota.ts';
import { askProvider } from '../sites/ask-provider.ts';
import { createOwnershipCheck } from './check-ownership.ts';
import { proxyAlias, readRecord, type ZoneRecord } from './record.ts';
import { recordQuota, zoneQuota } from './steps.ts';
import { customerKey, ownerOf, type Zone, zoneKey, zoneNumber } from './zone.ts';
import { contextOf, type ZoneDeps } from './zone-deps.ts';
import { isRelated, zoneName } from './zone-name.ts';
import * as store from './zone-store.ts';

export interface ZoneWish {
  name: string;
  customerId?: string | null | undefined;
}

export interface CreatedZone {
  zone: Zone;
  operation: Operation;
  /** This call put it in line; false when it was asked for before. */
  fresh: boolean;
}

const askTimeoutMs = 5_000;

const taken = (name: string) =>
  new AppError(
    'conflict',
    'zone_taken',
    `The domain ${name} cannot be added: it, or one above or below it, is in use.`,
  );

/**
 * Makes a zone, or answers with the one that was asked for before: its name is the
 * key. Errors: `zone_invalid`, `zone_reserved` (400), `zone_taken`, `quota_exceeded`,
 * `not_delegated`, `challenge_missing` (409), `delegation_unknown` (503).
 */
export const createZone = (deps: ZoneDeps) => {
  const { db, operations, dns, definitions, settings } = deps;
  const checkOwnership = createOwnershipCheck(deps);

  const firstRecords = (zone: string): ZoneRecord[] => {
    const context = contextOf(deps, zone);
    const types = (['A', 'AAAA'] as const).filter((type) =>
      type === 'A' ? settings.proxy.ipv4 !== null : settings.proxy.ipv6 !== null,
    );
    return types.flatMap((type) => ['@', 'www'].map((name) => readRecord({ name, type, data: proxyAlias }, context)));
  };

  const sameOwner = (one: { panelId: string; customerId: string | null }, other: typeof one): boolean =>
    one.panelId === other.panelId && one.customerId === other.customerId;

  /** The zone that this wish is about, where it is there already. Errors: `zone_taken` when it is another customer's. */
  const repeated = async (panelId: string, customerId: string | null, name: string): Promise<CreatedZone | null> => {
    const known = await store.findZone(db.knex, panelId, name);
    if (!known?.isLive) return null;
    if (known.customerId !== customerId) throw taken(name);
    if (known.state === 'deleting') {
      throw new AppError(
        'conflict',
        'not_allowed_now',
        `The zone ${name} is being deleted. Create it once it is gone.`,
        {
          retryAfter: 5,
        },
      );
    }
    return { zone: known, operation: await operations.find(panelId, known.createdBy), fresh: false };
  };

  /** Null when somebody has made the zone since it was looked for. */
  const submit = async (
    tx: Tx,
    caller: Caller,
    wish: { name: string; domain: string; customerId: string | null },
  ): Promise<CreatedZone | null> => {
    const { panelId } = caller;
    const { name, domain, customerId } = wish;
    const earlier = await operations.findEarlier(tx, caller);
    if (earlier) return { zone: (await store.findById(tx, earlier.service))!, operation: earlier, fresh: true };
    // From here on nobody else makes a zone of this domain until we have.
    await store.lockDomain(tx, domain);
    for (const other of await store.liveZonesOf(tx, domain)) {
      if (other.name === name && sameOwner(other, { panelId, customerId })) return null;
      if (isRelated(other.name, name) && !sameOwner(other, { panelId, customerId })) throw taken(name);
    }
    const now = await db.now(tx);
    const failed = await store.findZone(tx, panelId, name);
    if (failed?.state === 'failed') await store.giveBack(tx, failed.key, 'deleted', now);
    if (customerId !== null) {
      const customer = customerKey(panelId, customerId);
      await ensureQuota(tx, customer, zoneQuota, settings.limits.zones);
      await takeQuota(tx, customer, zoneQuota);
    }
    const id = newId();
    const key = zoneKey(panelId, id);
    await store.insertZone(tx, { key, id, customerId, name, number: zoneNumber(name), domain }, now);
    await openQuotas(tx, key, { [recordQuota]: settings.limits.records });
    const records = firstRecords(`${name}.`);
    const operation = await operations.submit(tx, definitions.create, caller, {
      service: key,
      params: {
        name,
        customer_id: customerId,
        owner: ownerOf({ customerId }),
        nameservers: [...settings.nameservers],
        records,
      },
      holds: { [recordQuota]: records.length },
    });
    await store.setCreatedBy(tx, id, operation.id);
    return { zone: (await store.findById(tx, key))!, operation, fresh: true };
  };

  return async (caller: Caller, wish: ZoneWish, signal: AbortSignal): Promise<CreatedZone> => {
    const customerId = wish.customerId ?? null;
    const { name, domain } = zoneName(wish.name, settings);
    const before = await repeated(caller.panelId, customerId, name);
    if (before) return before;
    await checkOwnership({ panelId: caller.panelId, customerId, name }, signal);
    const isThere = (await askProvider((over) => dns.getZone(`${name}.`, over), askTimeoutMs, signal)) !== null;
    if (isThere === dns.capabilities.createsZones) {
      // A repeat of this call may have made it meanwhile. A foreign one is neither taken over nor deleted later.
      const meanwhile = await repeated(caller.panelId, customerId, name);
      if (meanwhile) return meanwhile;
      if (isThere) throw taken(name);
      throw new AppError('conflict', 'not_supported', `The zone ${name} has to be set up by the operator first.`);
    }
    for (;;) {
      const created = await operations.transaction((tx) => submit(tx, caller, { name, domain, customerId }));
      if (created) return created;
      const meanwhile = await repeated(caller.panelId, customerId, name);
      if (meanwhile) return meanwhile;
    }
  };
};
