/** Holds the zones at the DNS provider against the rows, as `world.ts` does for sites. */
import type { Provisor } from '../../src/app.ts';
import { int } from '../../src/database/rows.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows of any table
type Row = any;

/** Everything that is not as it has to be, in sentences; `sitesZone` is not a customer's. */
export const findZoneFaults = async (
  { db, providers: { dns } }: Pick<Provisor, 'db' | 'providers'>,
  sitesZone: string,
): Promise<string[]> => {
  const faults: string[] = [];
  const signal = AbortSignal.timeout(30_000);
  const [services, zones, records, quotas, resources] = await Promise.all(
    ['services', 'zones', 'zone_records', 'quotas', 'resources'].map(
      (table) => db.knex(table) as unknown as Promise<Row[]>,
    ),
  );
  const there = new Set((await dns.listZones(signal)).map(({ name }) => name));
  const live = zones!.filter(({ live_name }) => live_name !== null);
  const liveNames = new Set(live.map(({ name }) => `${name}.`));
  for (const name of there) {
    if (name !== sitesZone && !liveNames.has(name)) faults.push(`nobody knows the zone ${name}`);
  }

  const used = (kind: string, id: string): number =>
    int(quotas!.find((row) => row.kind === kind && row.service_id === id)?.used ?? 0);

  for (const zone of zones!) {
    const service = services!.find(({ kind, id }) => kind === 'zone' && id === zone.id);
    const rows = records!.filter((row) => row.zone === zone.id);
    const isActive = service?.state === 'active';
    if (!isActive && service?.state !== 'failed' && service?.state !== 'deleted')
      faults.push(`the zone ${zone.name} was left ${service?.state}`);
    if ((zone.live_name !== null) !== isActive)
      faults.push(`the zone ${zone.name} is ${service?.state}, and its name is ${zone.live_name ?? 'free'}`);
    if (used('zone', zone.id) !== rows.length)
      faults.push(`the zone ${zone.name} has ${rows.length} records, ${used('zone', zone.id)} are counted`);
    const noted = resources!.filter((row) => row.service_id === zone.id).map(({ state }) => state);
    if (noted.some((state) => state !== (isActive ? 'present' : 'gone')))
      faults.push(`the zone ${zone.name} is ${service?.state}, and noted as ${noted.join()}`);
    if (!isActive) {
      if (rows.length > 0) faults.push(`the ${service?.state} zone ${zone.name} still has records`);
      continue;
    }
    if (!there.has(`${zone.name}.`)) {
      faults.push(`there is no zone ${zone.name}`);
      continue;
    }
    const published = (await dns.listRRsets(`${zone.name}.`, signal)).flatMap(({ name, type, ttl, rdata }) =>
      rdata.map((text) => `${name} ${type} ${ttl} ${text}`),
    );
    const asked = rows.map(({ name, type, ttl, rdata }) => `${name} ${type} ${ttl} ${rdata}`);
    if (published.sort().join('\n') !== asked.sort().join('\n'))
      faults.push(`the zone ${zone.name} has ${published.join('; ')} and not ${asked.join('; ')}`);
  }

  const zonesOf = Map.groupBy(
    live.map(({ id }) => services!.find((service) => service.kind === 'zone' && service.id === id)),
    (service: Row) => String(service?.customer_id),
  );
  for (const quota of quotas!.filter(({ kind }) => kind === 'zone-customer')) {
    const count = zonesOf.get(quota.service_id)?.length ?? 0;
    if (int(quota.used) !== count)
      faults.push(`the customer ${quota.service_id} has ${count} zones, ${quota.used} are counted`);
  }
  return faults;
};
