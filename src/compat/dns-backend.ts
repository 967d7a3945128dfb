/**
 * The DNS calls of existing hosting extensions, unchanged: a table onto the same use
 * cases. Such clients read a text that begins with `Success`, and take no 202; a
 * change that needs longer than they wait goes on by itself.
 */
import type { Handlers, Input, OperationId } from '../contract/handler.ts';
import type { ListedRecord } from '../features/dns/list-records.ts';
import { partsOf, proxyAlias, type RecordWish } from '../features/dns/record.ts';
import type { Zone } from '../features/dns/zone.ts';
import type { Zones } from '../features/dns/zones.ts';
import { refuseFailed } from '../features/operations/end-of.ts';
import type { Caller } from '../kit/caller.ts';
import { AppError } from '../kit/errors.ts';
import { isEnded, type Operation } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';

/** Their requests end after 25 seconds, the check of nameservers included. */
const patienceMs = 12_000;
const patienceSeconds = 18;

type Ids = 'compatGetZones' | 'compatAddZone' | 'compatDeleteZone' | 'compatAddRecord' | 'compatDeleteRecord';

type Field = 'ip' | 'target' | 'exchange' | 'txt' | 'ns';

/** The field that holds the data of each type. */
const dataField: Record<string, Field> = { A: 'ip', AAAA: 'ip', CNAME: 'target', MX: 'exchange', TXT: 'txt', NS: 'ns' };

const asNumber = (value: string | number | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

/** A refusal of the data, in the terms of a client that has another word for it. */
const inTheirTerms = (error: unknown, field: Field | undefined): unknown => {
  if (!(error instanceof AppError) || field === undefined || error.details?.field !== 'data') return error;
  const { kind, message, retryable, details } = error;
  const said = message.replace('The field "data"', `The field "${field}"`);
  return new AppError(kind, error.code, said, { retryable, details: { ...details, field } });
};

const customerOf = (body: { user_id?: string | number | undefined }): string | undefined =>
  body.user_id === undefined ? undefined : String(body.user_id);

/** A record as these clients show it: one number in `aux`, the rest in `data`. */
const oldRecord = (record: ListedRecord) => {
  const { data, priority, weight, port } = partsOf(record);
  const more = record.type === 'SRV' ? `${weight} ${port} ${data}` : record.type === 'CAA' ? record.rdata : data;
  return {
    id: record.id,
    type: record.type,
    name: record.name.slice(0, -1),
    data: record.alias ? proxyAlias : more,
    ttl: record.ttl,
    ...(priority === null ? {} : { aux: priority }),
    active: 'y' as const,
  };
};

export const dnsBackendHandlers = (zones: Zones, operations: Operations) => {
  const done = ({ prefersJson }: Pick<Input<OperationId>, 'prefersJson'>, what: string, id?: string) => {
    const message = `Success: ${what}`;
    return prefersJson
      ? ({ status: 200, body: { success: true, message, ...(id === undefined ? {} : { id }) } } as const)
      : ({ status: 200, type: 'text/plain', body: message } as const);
  };

  /** Whether it has ended. Errors: `operation_failed`. */
  const settled = async (operation: Operation | null, signal: AbortSignal): Promise<boolean> => {
    const ended = operation && (await operations.waitForRest(operation.id, patienceMs, signal));
    if (ended) refuseFailed(operations, ended);
    return ended === null || isEnded(ended.state);
  };

  const zoneOf = async (
    caller: Caller,
    body: { zone_id?: string | number | undefined; user_id?: string | number | undefined; name?: string },
  ): Promise<Zone> => {
    const customerId = customerOf(body);
    return body.zone_id === undefined
      ? zones.getAbove(caller, body.name ?? '', customerId)
      : zones.getByNumber(caller, String(body.zone_id), customerId);
  };

  return {
    compatGetZones: async ({ caller, body }) => {
      const found: Zone[] = [];
      const filter = { panelId: caller.panelId, customerId: String(body.user_id) };
      for (let before: string | undefined; ; ) {
        const page = await zones.list(filter, { limit: 200, ...(before === undefined ? {} : { before }) });
        found.push(...page.filter(({ state }) => state === 'active'));
        if (page.length < 200) break;
        before = page.at(-1)!.id;
      }
      const listed = await Promise.all(
        found.map(async (zone) => {
          try {
            const { records } = await zones.records(caller, { name: zone.name });
            const byId = Object.fromEntries(records.map((record) => [record.id, oldRecord(record)]));
            return { zone: { id: zone.number, name: zone.name, records: byId } };
          } catch (error) {
            // It was deleted since it was listed, which must not hide the others.
            if (error instanceof AppError && error.kind === 'not_found') return null;
            throw error;
          }
        }),
      );
      return { status: 200, body: { zones: listed.filter((zone) => zone !== null) } };
    },
    compatAddZone: async (input) => {
      const { caller, body, signal } = input;
      const { zone, operation } = await zones.create(
        caller,
        { name: body.domain, customerId: String(body.user_id) },
        signal,
      );
      const isDone = await settled(operation, signal);
      return done(input, `the zone ${zone.name} is ${isDone ? 'ready' : 'being made'}`, zone.number);
    },
    compatDeleteZone: async (input) => {
      const { caller, body, signal } = input;
      try {
        const { zone, operation } = await zones.remove(caller, { name: body.domain, customerId: customerOf(body) });
        const isDone = await settled(operation, signal);
        return done(input, `the zone ${zone.name} is ${isDone ? 'deleted' : 'being deleted'}`, zone.number);
      } catch (error) {
        // What is not there need not be deleted.
        if (!(error instanceof AppError) || error.kind !== 'not_found') throw error;
        return done(input, 'there is no such zone');
      }
    },
    compatAddRecord: async (input) => {
      const { caller, body, signal } = input;
      const zone = await zoneOf(caller, body);
      const field = dataField[body.type.toUpperCase()];
      const wish: RecordWish = {
        name: body.name,
        type: body.type,
        data: (field && body[field]) ?? '',
        ttl: asNumber(body.ttl),
        priority: asNumber(body.priority),
      };
      const patience = { waitSeconds: patienceSeconds, signal };
      const { operation, record } = await zones
        .addRecord(caller, { name: zone.name }, wish, patience)
        .catch((error: unknown) => {
          throw inTheirTerms(error, field);
        });
      const isDone = operation === null || isEnded(operation.state);
      return done(input, `the record is ${isDone ? 'published' : 'being published'}`, record.id);
    },
    compatDeleteRecord: async (input) => {
      const { caller, body, signal } = input;
      const zone = await zoneOf(caller, body);
      const id = String(body.rc_id);
      try {
        const patience = { waitSeconds: patienceSeconds, signal };
        const { operation } = await zones.removeRecord(caller, { name: zone.name }, id, patience);
        const isDone = operation === null || isEnded(operation.state);
        return done(input, `the record is ${isDone ? 'deleted' : 'being deleted'}`, id);
      } catch (error) {
        if (!(error instanceof AppError) || error.kind !== 'not_found') throw error;
        return done(input, 'there is no such record', id);
      }
    },
  } satisfies Handlers<Ids>;
};
