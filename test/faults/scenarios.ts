/** What a process is doing when it dies: each kind of operation, forwards and being taken back. */
import type { Provisor } from '../../src/app.ts';
import type { Caller } from '../../src/kit/caller.ts';
import { ProviderError } from '../../src/kit/errors.ts';
import { newId } from '../../src/kit/ids.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import type { DnsProvider } from '../../src/ports/dns.ts';

export interface Scenario {
  /** What the site is brought to before; `a zone` is a zone and no site. */
  from: 'nothing' | 'active' | 'stopped' | 'suspended' | 'backed up' | 'with a domain' | 'a zone';
  /** What is asked for while death is near. */
  act: (provisor: Provisor, caller: Caller, serviceId: string, held: Promise<void>) => Promise<unknown>;
  /** A call of the compute provider that fails in this scenario. */
  failing?: { call: keyof ComputeProvider; error: () => Error };
  /** A call of the DNS provider that is refused in this scenario, and how many calls are let through before. */
  refusing?: { call: keyof DnsProvider; after: number };
  /** A call of the compute provider that is held until it is told to stop, so that each run passes the same points. */
  held?: keyof ComputeProvider;
}

const wish = (serviceId: string) => ({ service_id: serviceId, email: `${serviceId}@example.com`, plan: 'basic' });
/** Every name beneath this leads here, as the victim's DNS has it. */
export const domainsParent = 'faults.example';
const domainOf = (serviceId: string) => `${serviceId}.${domainsParent}`;
const looking = () => ({ signal: AbortSignal.timeout(20_000) });
const refused = () => new ProviderError('compute/local', 'invalid', 'refused by the test');
const busyOnce = () => new ProviderError('compute/local', 'rate_limited', 'slow down', { after: 0 });

export const scenarios: Record<string, Scenario> = {
  create: { from: 'nothing', act: ({ sites }, caller, id) => sites.create(caller, wish(id)) },
  suspend: { from: 'active', act: ({ sites }, caller, serviceId) => sites.suspend(caller, { serviceId }, 'late') },
  unsuspend: { from: 'suspended', act: ({ sites }, caller, serviceId) => sites.unsuspend(caller, { serviceId }) },
  stop: { from: 'active', act: ({ sites }, caller, serviceId) => sites.act(caller, { serviceId }, 'stop') },
  start: { from: 'stopped', act: ({ sites }, caller, serviceId) => sites.act(caller, { serviceId }, 'start') },
  restart: { from: 'active', act: ({ sites }, caller, serviceId) => sites.act(caller, { serviceId }, 'restart') },
  reset: { from: 'active', act: ({ sites }, caller, serviceId) => sites.act(caller, { serviceId }, 'reset') },
  upgrade: { from: 'active', act: ({ sites }, caller, serviceId) => sites.upgrade(caller, { serviceId }, 'premium') },
  delete: { from: 'active', act: ({ sites }, caller, serviceId) => sites.remove(caller, { serviceId }) },
  'delete suspended': { from: 'suspended', act: ({ sites }, caller, serviceId) => sites.remove(caller, { serviceId }) },
  backup: { from: 'active', act: ({ backups }, caller, serviceId) => backups.create(caller, { serviceId }) },
  'backup in place of the oldest': {
    from: 'backed up',
    act: ({ backups }, caller, serviceId) => backups.create(caller, { serviceId }, 'replace_oldest'),
  },
  'backup taken back': {
    from: 'active',
    failing: { call: 'createSnapshot', error: refused },
    act: ({ backups }, caller, serviceId) => backups.create(caller, { serviceId }),
  },
  'backup deletion': {
    from: 'backed up',
    act: async ({ backups }, caller, serviceId) =>
      backups.remove(caller, { serviceId }, (await backups.list(caller, { serviceId })).backups[0]!.name),
  },
  rollback: {
    from: 'backed up',
    act: async ({ backups }, caller, serviceId) =>
      backups.rollback(caller, { serviceId }, (await backups.list(caller, { serviceId })).backups[0]!.name),
  },
  'rollback taken back': {
    from: 'active',
    failing: { call: 'rollback', error: refused },
    act: ({ backups }, caller, serviceId) => backups.rollback(caller, { serviceId }, 'initial'),
  },
  'delete with backups': {
    from: 'backed up',
    act: ({ sites }, caller, serviceId) => sites.remove(caller, { serviceId }),
  },
  'domain added': {
    from: 'active',
    act: ({ domains }, caller, serviceId) => domains.add(caller, { serviceId }, domainOf(serviceId), looking()),
  },
  'domain removed': {
    from: 'with a domain',
    act: ({ domains }, caller, serviceId) => domains.remove(caller, { serviceId }, domainOf(serviceId)),
  },
  'delete with a domain': {
    from: 'with a domain',
    act: ({ sites }, caller, serviceId) => sites.remove(caller, { serviceId }),
  },
  'create taken back': {
    from: 'nothing',
    failing: { call: 'createSnapshot', error: refused },
    act: ({ sites }, caller, id) => sites.create(caller, wish(id)),
  },
  'suspend taken back': {
    from: 'active',
    failing: { call: 'stop', error: refused },
    act: ({ sites }, caller, serviceId) => sites.suspend(caller, { serviceId }),
  },
  'upgrade taken back': {
    from: 'active',
    failing: { call: 'resize', error: refused },
    act: ({ sites }, caller, serviceId) => sites.upgrade(caller, { serviceId }, 'premium'),
  },
  'create put off': {
    from: 'nothing',
    failing: { call: 'install', error: busyOnce },
    act: ({ sites }, caller, id) => sites.create(caller, wish(id)),
  },
  'delete during create': {
    from: 'nothing',
    held: 'install',
    act: async ({ sites }, caller, serviceId, held) => {
      await sites.create(caller, wish(serviceId));
      await held;
      await sites.remove(caller, { serviceId });
    },
  },
};

const zoneOf = (serviceId: string) => `${serviceId.toLowerCase()}.com`;
const patience = () => ({ waitSeconds: 20, signal: AbortSignal.timeout(20_000) });
const newZone = ({ zones }: Provisor, caller: Caller, serviceId: string) =>
  zones.create(caller, { name: zoneOf(serviceId), customerId: serviceId }, AbortSignal.timeout(20_000));
/** Records come, go, and get another TTL and other data. */
const zoneFile = `
@    300 A     192.0.2.1
www  300 CNAME @
mail 600 MX    10 mail.example.org.
text 600 TXT   "one" "two"
`;
const importFile = ({ zones }: Provisor, caller: Caller, serviceId: string) =>
  zones.importFile(caller, { name: zoneOf(serviceId) }, { text: zoneFile, mode: 'replace', dryRun: false }, patience());

/** What happens to zones: no site is in it. */
Object.assign(scenarios, {
  'zone created': { from: 'nothing', act: newZone },
  'zone created and taken back': {
    from: 'nothing',
    refusing: { call: 'applyChanges', after: 0 },
    act: newZone,
  },
  'zone record added': {
    from: 'a zone',
    act: ({ zones }, caller, serviceId) =>
      zones.addRecord(caller, { name: zoneOf(serviceId) }, { name: 'x', type: 'A', data: '192.0.2.1' }, patience()),
  },
  'zone file imported': { from: 'a zone', act: importFile },
  'zone file refused, and taken on the second look': {
    from: 'a zone',
    refusing: { call: 'applyChanges', after: 0 },
    act: importFile,
  },
  'zone deleted': {
    from: 'a zone',
    act: ({ zones }, caller, serviceId) => zones.remove(caller, { name: zoneOf(serviceId) }),
  },
} satisfies Record<string, Scenario>);

/** Waits until no operation is under way. */
export const allEnded = async ({ db, operations }: Provisor, caller: Caller): Promise<void> => {
  for (;;) {
    const rows = await db
      .knex('operations')
      .where({ panel_id: caller.panelId })
      .whereNotNull('active_key')
      .select('id', 'state');
    const open = rows.find((row) => row.state !== 'stuck');
    if (!open) return;
    await operations.waitForRest(open.id, 30_000);
  }
};

/** Brings a new site to where the scenario begins. */
export const prepare = async (provisor: Provisor, caller: Caller, scenario: Scenario): Promise<string> => {
  const serviceId = `s-${newId()}`;
  const { sites, backups, domains } = provisor;
  if (scenario.from === 'a zone') {
    await newZone(provisor, caller, serviceId);
    await allEnded(provisor, caller);
  } else if (scenario.from !== 'nothing') {
    await sites.create(caller, wish(serviceId));
    await allEnded(provisor, caller);
    if (scenario.from === 'suspended') await sites.suspend(caller, { serviceId });
    // As many as the plan grants.
    for (let made = 0; scenario.from === 'backed up' && made < 2; made += 1) {
      await backups.create(caller, { serviceId });
      await allEnded(provisor, caller);
    }
    if (scenario.from === 'with a domain') await domains.add(caller, { serviceId }, domainOf(serviceId), looking());
    if (scenario.from === 'stopped') await sites.act(caller, { serviceId }, 'stop');
    await allEnded(provisor, caller);
  }
  return serviceId;
};
