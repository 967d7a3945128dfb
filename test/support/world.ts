/**
 * Holds the world of the local adapters against the rows: the promise that
 * nothing is lost, leaked or doubled, as one function.
 */
import type { Provisor } from '../../src/app.ts';
import { int } from '../../src/database/rows.ts';
import { auditHash, genesisHash } from '../../src/operations/audit.ts';
import type { Route } from '../../src/ports/proxy.ts';
import { findZoneFaults } from './zone-world.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows of any table
type Row = any;

const name = (row: Row): string => `svc-${String(row.id).toLowerCase()}`;

/** What a site in a state has to be outside. */
const wished: Record<string, { page: Route['page']; workload: 'running' | 'stopped' } | null> = {
  active: { page: 'site', workload: 'running' },
  stopped: { page: 'stopped', workload: 'stopped' },
  suspended: { page: 'suspended', workload: 'stopped' },
  failed: null,
  deleted: null,
};

const groupBy = (rows: Row[], key: (row: Row) => string): Map<string, Row[]> => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
};

const serviceOf = (row: Row): string => `${row.panel_id}:${row.service_kind ?? row.kind}:${row.service_id}`;

/** Everything that is not as it has to be, in sentences. Empty when all is well. Call it while nothing is under way. */
export const findFaults = async ({
  db,
  providers,
  config,
}: Pick<Provisor, 'db' | 'providers' | 'config'>): Promise<string[]> => {
  const faults: string[] = [];
  const signal = AbortSignal.timeout(30_000);
  const { knex } = db;
  const zone = `${config.PROVISOR_SITE_DOMAIN}.`;
  const [
    services,
    sites,
    operations,
    resources,
    reservations,
    quotas,
    holds,
    audit,
    chains,
    outbox,
    backups,
    domains,
    names,
  ] = await Promise.all(
    [
      'services',
      'sites',
      'operations',
      'resources',
      'reservations',
      'quotas',
      'quota_holds',
      'audit',
      'audit_chains',
      'outbox',
      'backups',
      'domains',
      'domain_names',
    ].map((table) => knex(table) as unknown as Promise<Row[]>),
  );
  const ofSites = services!.filter(({ kind }) => kind === 'site');
  const workloads = new Set((await providers.compute.list(signal)).map((each) => each.name));
  const routes = new Map((await providers.proxy.listRoutes(signal)).map((route) => [route.id, route]));
  const records = (await providers.dns.getZone(zone, signal)) ? await providers.dns.listRRsets(zone, signal) : [];
  const hostRecords = new Map(
    records.filter(({ type }) => type === 'A' || type === 'AAAA').map((record) => [record.name, record]),
  );
  const siteById = new Map(sites!.map((row) => [row.id, row]));
  const backupsOf = groupBy(
    backups!.filter((row) => row.deleted_at === null),
    (row) => row.site,
  );

  for (const operation of operations!) {
    if (operation.state !== 'done' && operation.state !== 'failed')
      faults.push(
        `operation ${operation.id} (${operation.kind}) is ${operation.state}: ${operation.error ?? operation.message}`,
      );
    if (operation.active_key !== null || operation.due_at !== null)
      faults.push(`operation ${operation.id} has ended and still has its service`);
  }

  for (const service of ofSites) {
    const site = siteById.get(service.id);
    const wish = wished[service.state];
    if (!site) faults.push(`service ${service.service_id} has no site row`);
    if (wish === undefined) faults.push(`service ${service.service_id} was left ${service.state}`);
    if (!site || wish === undefined) continue;
    const id = name(service);
    const kept = wish === null ? [] : (backupsOf.get(service.id) ?? []);
    const copies = ['initial', ...kept.map((row) => row.name)].sort();
    for (const backup of kept)
      if (backup.state !== 'ready')
        faults.push(`service ${service.service_id}: its backup ${backup.name} was left ${backup.state}`);
    if (wish === null && backupsOf.has(service.id))
      faults.push(`${service.state} service ${service.service_id} still has backups`);
    const counted = quotas!.find(
      (row) => row.panel_id === service.panel_id && row.service_id === service.service_id && row.resource === 'backups',
    );
    if (counted && int(counted.used) !== kept.length)
      faults.push(`service ${service.service_id} has ${kept.length} backups, ${counted.used} are counted`);
    const route = routes.get(id);
    const record = hostRecords.get(`${site.subdomain}.${zone}`);
    if (wish === null) {
      if (workloads.has(id)) faults.push(`${service.state} service ${service.service_id} still has its workload`);
      if (route) faults.push(`${service.state} service ${service.service_id} still has its route`);
      if (site.subdomain !== null) faults.push(`${service.state} service ${service.service_id} still has its name`);
    } else {
      if (!workloads.has(id)) faults.push(`${service.state} service ${service.service_id} has no workload`);
      else {
        const status = await providers.compute.status({ name: id, vmid: site.vmid }, signal);
        if (status.state !== wish.workload)
          faults.push(`${service.state} service ${service.service_id}: its workload is ${status.state}`);
        const snapshots = await providers.compute.listSnapshots({ name: id, vmid: site.vmid }, signal);
        // The copy that a rollback makes of what it replaces is there or not, and counts nowhere.
        const found = snapshots.map((each) => each.name).filter((each) => each !== 'safety');
        if (found.sort().join() !== copies.join())
          faults.push(`service ${service.service_id} has the snapshots ${found.join()} and not ${copies.join()}`);
      }
      if (!route) faults.push(`${service.state} service ${service.service_id} has no route`);
      else if (route.page !== wish.page)
        faults.push(`${service.state} service ${service.service_id}: visitors see the page ${route.page}`);
      const active = domains!.filter((row) => row.site === service.id && row.state === 'active');
      const hostnames = [`${site.subdomain}.${zone.slice(0, -1)}`, ...active.map((row) => row.hostname)];
      if (route && route.hostnames.toSorted().join() !== hostnames.sort().join())
        faults.push(`service ${service.service_id}: its route is for ${route.hostnames.join()}`);
      if (record?.rdata.join() !== site.public_ip)
        faults.push(`service ${service.service_id}: its name leads to ${record?.rdata.join()}`);
    }
    for (const resource of resources!.filter(
      (row) => row.service_id === service.service_id && row.panel_id === service.panel_id,
    )) {
      const isKept = resource.kind !== 'snapshot' || copies.some((copy) => resource.name === `${id}/${copy}`);
      const expected = wish === null || !isKept ? 'gone' : 'present';
      if (resource.state !== expected)
        faults.push(
          `service ${service.service_id} is ${service.state}, its ${resource.kind} is noted as ${resource.state}`,
        );
    }
    const held = reservations!
      .filter((row) => row.service === service.id && row.free_at === null)
      .map((row) => row.pool);
    const expected = wish === null ? '' : 'private-ip,subdomain,vmid';
    if (held.sort().join() !== expected)
      faults.push(`${service.state} service ${service.service_id} holds ${held.join() || 'nothing'}`);
  }

  const live = ofSites.filter((service) => wished[service.state]);
  const known = new Set(live.map(name));
  for (const workload of workloads) if (!known.has(workload)) faults.push(`nobody knows the workload ${workload}`);
  for (const id of routes.keys()) if (!known.has(id)) faults.push(`nobody knows the route ${id}`);
  if (hostRecords.size !== live.length) faults.push(`${hostRecords.size} names for ${live.length} sites`);

  for (const domain of domains!) {
    if (domain.state === 'issuing' || domain.state === 'removing')
      faults.push(`the domain ${domain.hostname} was left ${domain.state}`);
    if (domain.state === 'pending_verification' && domain.next_check_at === null)
      faults.push(`nobody will look at the domain ${domain.hostname} again`);
    if (!live.some((service) => service.id === domain.site))
      faults.push(`the domain ${domain.hostname} outlived its site`);
  }
  const nameKey = (row: Row): string => `${row.site} ${row.hostname}`;
  const led = domains!.filter(({ state }) => state === 'active').map(nameKey);
  const held = names!.filter(({ site }) => site !== null).map(nameKey);
  if (led.sort().join() !== held.sort().join())
    faults.push(`the names ${held.join()} are held, and ${led.join()} are active`);

  const idOf = new Map(services!.map((row) => [serviceOf(row), row.id]));
  for (const quota of quotas!) {
    const counted = domains!.filter(
      ({ site, state }) => site === idOf.get(serviceOf(quota)) && state !== 'expired' && state !== 'failed',
    );
    if (quota.resource === 'backups' || quota.kind !== 'site') continue;
    const expected = quota.resource === 'domains' ? counted.length : 0;
    if (int(quota.used) !== expected)
      faults.push(`service ${quota.service_id}: ${quota.used} ${quota.resource} in use, and there are ${expected}`);
  }
  for (const hold of holds!)
    if (hold.state === 'held') faults.push(`operation ${hold.operation_id} still holds ${hold.resource}`);

  const tails = new Map(chains!.map((row) => [row.chain, row]));
  for (const [chain, rows] of groupBy(audit!, (row) => row.chain)) {
    let prevHash = genesisHash;
    for (const row of rows.sort((a, b) => int(a.seq) - int(b.seq))) {
      const hash = auditHash({
        chain,
        seq: int(row.seq),
        at: int(row.at),
        actor: row.actor,
        action: row.action,
        outcome: row.outcome,
        details: JSON.parse(row.details),
        requestId: row.request_id,
        prevHash,
      });
      if (row.prev_hash !== prevHash || row.hash !== hash)
        faults.push(`the audit chain ${chain} is broken at ${row.seq}`);
      prevHash = row.hash;
    }
    if (tails.get(chain)?.hash !== prevHash || int(tails.get(chain)?.seq) !== rows.length)
      faults.push(`the audit chain ${chain} lacks entries`);
  }

  // Every accepted operation was told of its end exactly once.
  const told = groupBy(
    outbox!.filter((row) => !String(row.event).endsWith('.stuck')),
    serviceOf,
  );
  for (const [service, all] of groupBy(operations!, serviceOf)) {
    if ((told.get(service) ?? []).length !== all.length)
      faults.push(`${service}: ${all.length} operations, ${(told.get(service) ?? []).length} ends told`);
  }
  return [...faults, ...(await findZoneFaults({ db, providers }, zone))];
};
