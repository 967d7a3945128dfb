import type { Schema } from '../../contract/handler.ts';
import { instant } from '../../kit/instant.ts';
import type { Operation } from '../../operations/operation.ts';
import { operationView } from '../operations/operation-view.ts';
import { relativeName, toUnicode } from './dns-name.ts';
import type { Imported } from './import-zone.ts';
import { partsOf, proxyAlias, type ZoneRecord } from './record.ts';
import type { SitesZone } from './sites-zone.ts';
import { type Zone, zoneNumber } from './zone.ts';

/** What stands beside a zone or a record in an answer. */
export interface Beside {
  operation: Operation | null;
  retryable: boolean;
}

const shown = ({ operation, retryable }: Beside): Schema<'Operation'> | null =>
  operation ? operationView(operation, retryable) : null;

export const zoneView = (
  zone: Zone,
  extra: Beside & { nameservers: string[]; quota: { used: number; limit: number } },
): Schema<'Zone'> => ({
  id: zone.number,
  name: zone.name,
  unicode_name: toUnicode(zone.name),
  customer_id: zone.customerId,
  managed_by: 'customer',
  state: zone.state,
  nameservers: extra.nameservers,
  quota: extra.quota,
  created_at: instant(zone.createdAt),
  updated_at: instant(zone.updatedAt),
  operation: shown(extra),
});

/** The zone of the site domain: it has no owner, and no row. */
export const sitesZoneView = ({ name }: Pick<SitesZone, 'name'>, nameservers: string[]): Schema<'Zone'> => ({
  id: zoneNumber(name),
  name,
  unicode_name: toUnicode(name),
  customer_id: null,
  managed_by: 'sites',
  state: 'active',
  nameservers,
  quota: null,
  created_at: null,
  updated_at: null,
  operation: null,
});

export const recordView = (
  record: ZoneRecord & { state: Schema<'Record'>['state']; managedBy: string | null },
  zone: string,
  beside: Beside = { operation: null, retryable: false },
): Schema<'Record'> => {
  const { data, priority, weight, port, flags, tag } = partsOf(record);
  return {
    id: record.id,
    name: relativeName(record.name, `${zone}.`),
    fqdn: record.name.slice(0, -1),
    type: record.type,
    data: record.alias ? proxyAlias : data,
    ttl: record.ttl,
    ...(priority === null ? {} : { priority }),
    ...(weight === null ? {} : { weight }),
    ...(port === null ? {} : { port }),
    ...(flags === null ? {} : { flags }),
    ...(tag === null ? {} : { tag }),
    published: data,
    state: record.state,
    managed_by: record.managedBy === null ? null : { service_id: record.managedBy },
    operation: shown(beside),
  };
};

export const importView = (
  dryRun: boolean,
  { diff, ignored }: Pick<Imported, 'diff' | 'ignored'>,
  beside: Beside,
): Schema<'ZoneImport'> => ({ dry_run: dryRun, diff, ignored, operation: shown(beside) });
