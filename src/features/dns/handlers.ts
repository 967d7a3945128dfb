import type { Handlers, Input, OperationId, Schema } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { isEnded, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { endOf, refuseFailed } from '../operations/end-of.ts';
import { watchHeaders } from '../operations/operation-view.ts';
import type { ChangedZone } from './change-zone.ts';
import type { ChangedRecord } from './edit-records.ts';
import type { RecordWish } from './record.ts';
import type { Zone, ZoneRef } from './zone.ts';
import { importView, recordView, sitesZoneView, zoneView } from './zone-view.ts';
import type { Zones } from './zones.ts';

type Ids =
  | 'listZones'
  | 'createZone'
  | 'getZone'
  | 'deleteZone'
  | 'listRecords'
  | 'createRecord'
  | 'replaceRecord'
  | 'deleteRecord'
  | 'exportZone'
  | 'importZone';

type Waits = Pick<Input<OperationId>, 'waitSeconds' | 'signal'>;

const refOf = (path: { zone: string }, says?: { customer_id?: string | undefined }): ZoneRef => ({
  name: path.zone,
  customerId: says?.customer_id,
});

const wishOf = ({ customer_id: _customer, ...wish }: RecordWish & { customer_id?: string }): RecordWish => wish;

export const zoneHandlers = (zones: Zones, operations: Operations) => {
  const { nameservers } = zones.settings;
  const isRetryable = (operation: Operation | null) => operation !== null && operations.isRetryable(operation);

  const view = async (zone: Zone, operation: Operation | null): Promise<Schema<'Zone'>> =>
    zoneView(zone, {
      nameservers,
      quota: await zones.quotaOf(zone),
      operation,
      retryable: isRetryable(operation),
    });

  /** 202 while the work goes on, 200 once it is done. */
  const accepted = async ({ zone, operation: begun }: ChangedZone, input: Waits) => {
    const operation = begun && (await endOf(operations, begun, input));
    if (operation && input.waitSeconds > 0) refuseFailed(operations, operation);
    const body = await view(await zones.reread(zone), operation);
    return operation && !isEnded(operation.state)
      ? ({ status: 202, headers: watchHeaders(operation), body } as const)
      : ({ status: 200, body } as const);
  };

  /** The record as it is published now, or as it is going to be. */
  const changed = async ({ zone, operation, record }: ChangedRecord, going: 'comes' | 'goes') => {
    const beside = { operation, retryable: isRetryable(operation) };
    const show = (state: Schema<'Record'>['state']) =>
      recordView({ ...record, state, managedBy: null }, zone.name, beside);
    if (operation && !isEnded(operation.state)) {
      const body = show(going === 'goes' ? 'deleting' : 'publishing');
      return { status: 202, headers: watchHeaders(operation), body } as const;
    }
    if (going === 'goes') return { status: 200, body: show('deleted') } as const;
    const now = await zones.recordOf(zone, record.id);
    return { status: 200, body: now ? recordView(now, zone.name, beside) : show('published') } as const;
  };

  return {
    listZones: async ({ caller, query }) => {
      const { limit, after } = pageWish(query);
      const found = await zones.list(
        { panelId: caller.panelId, customerId: query.customer_id },
        { limit: limit + 1, ...(after === undefined ? {} : { before: after }) },
      );
      const details = await zones.detailsOf(caller.panelId, found.slice(0, limit));
      const each = (zone: Zone) => {
        const { quota, operation } = details.get(zone)!;
        return zoneView(zone, { nameservers, quota, operation, retryable: isRetryable(operation) });
      };
      const quota = query.customer_id === undefined ? null : await zones.customerQuota(caller, query.customer_id);
      return { status: 200, body: { ...pageOf(found, limit, ({ id }) => id, each), quota } };
    },
    createZone: async (input) => {
      const { caller, body, signal } = input;
      const made = await zones.create(caller, { name: body.name, customerId: body.customer_id }, signal);
      const reply = await accepted(made, input);
      return reply.status === 200 && made.fresh ? { ...reply, status: 201 } : reply;
    },
    getZone: async ({ caller, path, query }) => {
      if (zones.sitesZone.is(path.zone)) return { status: 200, body: sitesZoneView(zones.sitesZone, nameservers) };
      const zone = await zones.get(caller, refOf(path, query));
      return { status: 200, body: await view(zone, await zones.lastOperation(zone)) };
    },
    deleteZone: async (input) => accepted(await zones.remove(input.caller, refOf(input.path, input.query)), input),
    listRecords: async ({ caller, path, query }) => {
      const { name, records, verified, quota } = await zones.records(caller, refOf(path, query));
      return { status: 200, body: { data: records.map((record) => recordView(record, name)), quota, verified } };
    },
    createRecord: async (input) => {
      const { caller, path, body } = input;
      const added = await zones.addRecord(caller, refOf(path, body), wishOf(body), input);
      const reply = await changed(added, 'comes');
      return reply.status === 200 && added.operation ? { ...reply, status: 201 } : reply;
    },
    replaceRecord: async (input) => {
      const { caller, path, body } = input;
      return changed(await zones.replaceRecord(caller, refOf(path, body), path.record, wishOf(body), input), 'comes');
    },
    deleteRecord: async (input) => {
      const { caller, path, query } = input;
      return changed(await zones.removeRecord(caller, refOf(path, query), path.record, input), 'goes');
    },
    exportZone: async ({ caller, path, query }) => ({
      status: 200,
      type: 'text/dns',
      body: await zones.exportFile(caller, refOf(path, query)),
    }),
    importZone: async (input) => {
      const { caller, path, body } = input;
      const dryRun = body.dry_run ?? false;
      const wish = { text: body.zone_file, mode: body.mode ?? 'merge', dryRun } as const;
      const imported = await zones.importFile(caller, refOf(path, body), wish, input);
      const { operation } = imported;
      const answer = importView(dryRun, imported, { operation, retryable: isRetryable(operation) });
      return operation && !isEnded(operation.state)
        ? { status: 202, headers: watchHeaders(operation), body: answer }
        : { status: 200, body: answer };
    },
  } satisfies Handlers<Ids>;
};
