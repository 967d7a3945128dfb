/** The SQL of sites: `services` rows of kind `site`, and `sites` for what is particular to them. */
import { alongText } from '../../database/along.ts';
import type { Queries, Tx } from '../../database/database.ts';
import { bool, int, intOrNull } from '../../database/rows.ts';
import { insertInto, type Row, statement, type Value } from '../../database/statement.ts';
import { type BesideService, besideService } from '../../operations/beside-service.ts';
import type { ServiceKey } from '../../operations/operation.ts';
import type { Site, SiteState } from './site.ts';

export const siteKey = (panelId: string, serviceId: string): ServiceKey => ({ panelId, kind: 'site', serviceId });

const columns = [
  'services.panel_id',
  'services.kind',
  'services.service_id',
  'services.id',
  'services.customer_id',
  'services.state',
  'services.plan',
  'services.generation',
  'services.suspended_at',
  'services.suspended_reason',
  'services.created_at',
  'services.updated_at',
  'services.deleted_at',
  'sites.email',
  'sites.subdomain',
  'sites.vmid',
  'sites.private_ip',
  'sites.public_ip',
  'sites.memory_mb',
  'sites.disk_mb',
  'sites.proxy_enabled',
  'sites.created_by',
];

const where = ({ panelId, kind, serviceId }: ServiceKey) => ({
  'services.panel_id': panelId,
  'services.kind': kind,
  'services.service_id': serviceId,
});

const beside = besideService(['backups', 'domains']);

// Every site has both rows. An outer join begins at services, whose indexes give a page in its order;
// left to choose, MariaDB begins at sites and sorts all of them.
const withSites = 'left join sites on sites.id = services.id';

const findDetails = statement(
  `select ${columns.join(', ')}, ${beside.columns} from services ${withSites} ${beside.joins}
   where services.panel_id = ? and services.kind = 'site' and services.service_id = ?`,
);
const pageColumns = columns.map((column) => column.replace(/^\w+/, 'page'));

const findSite = statement(
  `select ${columns.join(', ')} from services join sites on sites.id = services.id
   where services.panel_id = ? and services.kind = ? and services.service_id = ?`,
);
const insertService = insertInto('services', [
  'panel_id',
  'kind',
  'service_id',
  'id',
  'customer_id',
  'state',
  'plan',
  'created_at',
  'updated_at',
]);
const changeState = statement(
  'update services set state = ?, updated_at = ? where panel_id = ? and kind = ? and service_id = ?',
);

export interface SiteDetails extends BesideService {
  site: Site;
}

export interface SiteFilter {
  panelId?: string;
  customerId?: string;
  state?: SiteState;
  plan?: string;
  /** A text in any of its names, in any case. */
  search?: string;
}

const searched = ['services.service_id', 'services.customer_id', 'sites.email', 'sites.subdomain'];

/** A pattern of LIKE that stands for every text that has this one in it. */
const having = (text: string): string => `%${text.toLowerCase().replaceAll(/[%_!]/g, '!$&')}%`;

export interface SitePage {
  limit: number;
  /** Our own id of the last site of the page before. */
  before?: string;
}

/**
 * The index that gives a panel's page in its order. It is named, as the database would look into each that fits to guess
 * which one does. Null where a shorter one may find less: few sites may be on a plan.
 */
const indexOf = ({ panelId, customerId, state, plan }: SiteFilter): string | null => {
  if (panelId === undefined || plan !== undefined) return null;
  const last = customerId !== undefined ? 'customer_id' : state !== undefined ? 'state' : 'deleted_at';
  return `services_panel_id_kind_${last}_id_index`;
};

/** A page from its `from` to its `limit`, with its values. */
const pageOf = (queries: Queries, filter: SiteFilter, page: SitePage): { sql: string; values: Value[] } => {
  const wishes: [condition: string, value: Value | undefined][] = [
    ['services.panel_id = ?', filter.panelId],
    ['services.customer_id = ?', filter.customerId],
    ['services.state = ?', filter.state],
    ['services.plan = ?', filter.plan],
    ['services.id < ?', page.before],
  ];
  const given = wishes.filter((wish): wish is [string, Value] => wish[1] !== undefined);
  const { search } = filter;
  // It reads the panel's sites one by one, newest first, until the page is full: no more than one panel's index.
  const searches = search === undefined ? [] : searched;
  const conditions = [
    "services.kind = 'site'",
    ...(filter.state === undefined ? ['services.deleted_at is null'] : []),
    ...given.map(([condition]) => condition),
    ...(searches.length > 0
      ? [`(${searches.map((column) => `lower(${column}) like ? escape '!'`).join(' or ')})`]
      : []),
  ];
  const index = indexOf(filter);
  const services = index === null ? 'services' : alongText(queries, 'services', index);
  return {
    sql: `from ${services} ${withSites} where ${conditions.join(' and ')} order by services.id desc limit ?`,
    values: [...given.map(([, value]) => value), ...searches.map(() => having(search ?? '')), page.limit],
  };
};

/** What a new or renewed site is made of. */
export interface SiteDraft {
  key: ServiceKey;
  id: string;
  customerId: string | null;
  plan: string;
  email: string;
  subdomain: string;
  vmid: number;
  privateIp: string;
  publicIp: string;
  memoryMb: number;
  diskMb: number;
}

export const createSiteStore = ({ domain }: { domain: string }) => {
  const decode = (row: Row): Site => ({
    key: { panelId: row.panel_id, kind: row.kind, serviceId: row.service_id },
    id: row.id,
    customerId: row.customer_id,
    state: row.state,
    plan: row.plan,
    generation: int(row.generation),
    email: row.email,
    subdomain: row.subdomain,
    hostname: row.subdomain === null ? null : `${row.subdomain}.${domain}`,
    vmid: intOrNull(row.vmid),
    privateIp: row.private_ip,
    publicIp: row.public_ip,
    memoryMb: int(row.memory_mb),
    diskMb: int(row.disk_mb),
    proxyEnabled: bool(row.proxy_enabled),
    suspendedAt: intOrNull(row.suspended_at),
    suspendedReason: row.suspended_reason,
    createdAt: int(row.created_at),
    updatedAt: int(row.updated_at),
    deletedAt: intOrNull(row.deleted_at),
    createdBy: row.created_by,
  });

  const decodeDetails = (row: Row): SiteDetails => {
    const site = decode(row);
    return { site, ...beside.decode(row, site.key) };
  };

  const joined = (queries: Queries) => queries('services').join('sites', 'sites.id', 'services.id');

  const grants = (draft: SiteDraft) => ({
    email: draft.email,
    subdomain: draft.subdomain,
    vmid: draft.vmid,
    private_ip: draft.privateIp,
    public_ip: draft.publicIp,
    memory_mb: draft.memoryMb,
    disk_mb: draft.diskMb,
    proxy_enabled: 1,
  });

  return {
    find: async (queries: Queries, key: ServiceKey): Promise<Site | null> => {
      const row = await findSite.first(queries, [key.panelId, key.kind, key.serviceId]);
      return row && decode(row);
    },

    findById: async (queries: Queries, id: string): Promise<Site | null> => {
      const row = await joined(queries).where('services.id', id).first(columns);
      return row ? decode(row) : null;
    },

    /** The site of any panel whose own name under the site domain this is. */
    findByHostname: async (queries: Queries, hostname: string): Promise<Site | null> => {
      const subdomain = hostname.endsWith(`.${domain}`) ? hostname.slice(0, -domain.length - 1) : '';
      const row = await joined(queries)
        .join('reservations', 'reservations.service', 'services.id')
        .where({ 'reservations.pool': 'subdomain', 'reservations.value': subdomain, 'sites.subdomain': subdomain })
        .first(columns);
      return row ? decode(row) : null;
    },

    findDetails: async (queries: Queries, { panelId, serviceId }: ServiceKey): Promise<SiteDetails | null> => {
      const row = await findDetails.first(queries, [panelId, serviceId]);
      return row && decodeDetails(row);
    },

    /** Newest first. Deleted sites only when asked for by their state. */
    list: async (queries: Queries, filter: SiteFilter, page: SitePage): Promise<Site[]> => {
      const { sql, values } = pageOf(queries, filter, page);
      const rows = await statement(`select ${columns.join(', ')} ${sql}`).rows(queries, values);
      return rows.map(decode);
    },

    /** As `list`, with what is shown beside each. */
    listDetails: async (queries: Queries, filter: SiteFilter, page: SitePage): Promise<SiteDetails[]> => {
      const { sql, values } = pageOf(queries, filter, page);
      const rows = await statement(
        `select ${pageColumns.join(', ')}, ${beside.columns}
         from (select ${columns.join(', ')}, ${beside.pageColumn} ${sql}) as page
         ${beside.pageJoins} order by page.id desc`,
      ).rows(queries, values);
      return rows.map(decodeDetails);
    },

    /** How many sites of a panel are in this state; counting stops at `cap`. */
    count: async (queries: Queries, panelId: string, state: SiteState, cap: number): Promise<number> => {
      const found = queries('services').where({ panel_id: panelId, kind: 'site', state }).limit(cap).select('id');
      return int((await queries.count({ n: '*' }).from(found.as('found')).first())?.n ?? 0);
    },

    /** Claims the service_id. Errors: a unique violation when it is taken. */
    insertService: async (
      tx: Tx,
      service: { key: ServiceKey; id: string; customerId: string | null; plan: string },
      at: number,
    ): Promise<void> => {
      const { key, id, customerId, plan } = service;
      await insertService.change(tx, [
        key.panelId,
        key.kind,
        key.serviceId,
        id,
        customerId,
        'creating' satisfies SiteState,
        plan,
        at,
        at,
      ]);
    },

    insert: async (tx: Tx, draft: SiteDraft, createdBy: string): Promise<void> => {
      await tx('sites').insert({ id: draft.id, panel_id: draft.key.panelId, ...grants(draft), created_by: createdBy });
    },

    /** Begins a failed site anew. False, with nothing changed, when it is not failed any more: somebody else has begun. */
    reopen: async (
      tx: Tx,
      key: ServiceKey,
      wish: { plan: string; customerId: string | null },
      at: number,
    ): Promise<boolean> =>
      (await tx('services')
        .where({ ...where(key), state: 'failed' })
        .update({
          state: 'creating',
          plan: wish.plan,
          customer_id: wish.customerId,
          generation: tx.raw('generation + 1'),
          updated_at: at,
        })) === 1,

    /** Gives a site that was reopened its new names. */
    renew: async (tx: Tx, draft: SiteDraft, createdBy: string): Promise<void> => {
      await tx('sites')
        .where({ id: draft.id })
        .update({ ...grants(draft), created_by: createdBy });
    },

    /** Locks the service's row until the end of the transaction. */
    touch: async (tx: Tx, key: ServiceKey, at: number): Promise<void> => {
      await tx('services').where(where(key)).update({ updated_at: at });
    },

    setState: async (tx: Tx, key: ServiceKey, state: SiteState, at: number): Promise<void> => {
      await changeState.change(tx, [state, at, key.panelId, key.kind, key.serviceId]);
    },

    suspended: async (tx: Tx, key: ServiceKey, reason: string | null, at: number): Promise<void> => {
      await tx('services')
        .where(where(key))
        .update({ state: 'suspended', suspended_at: at, suspended_reason: reason, updated_at: at });
    },

    unsuspended: async (tx: Tx, key: ServiceKey, at: number): Promise<void> => {
      await tx('services')
        .where(where(key))
        .update({ state: 'active', suspended_at: null, suspended_reason: null, updated_at: at });
    },

    upgraded: async (
      tx: Tx,
      site: Site,
      plan: { name: string; memoryMb: number; diskMb: number },
      at: number,
    ): Promise<void> => {
      await tx('services').where(where(site.key)).update({ plan: plan.name, updated_at: at });
      await tx('sites').where({ id: site.id }).update({ memory_mb: plan.memoryMb, disk_mb: plan.diskMb });
    },

    setProxy: async (tx: Tx, site: Site, enabled: boolean, at: number): Promise<void> => {
      await tx('services').where(where(site.key)).update({ updated_at: at });
      await tx('sites')
        .where({ id: site.id })
        .update({ proxy_enabled: enabled ? 1 : 0 });
    },

    /** Nothing of the site is left outside; its names are given back. */
    gone: async (tx: Tx, site: Site, state: 'failed' | 'deleted', at: number): Promise<void> => {
      await tx('services')
        .where(where(site.key))
        .update({
          state,
          updated_at: at,
          ...(state === 'deleted' ? { deleted_at: at, suspended_at: null, suspended_reason: null } : {}),
        });
      await tx('sites').where({ id: site.id }).update({ subdomain: null, vmid: null, private_ip: null });
    },
  };
};

export type SiteStore = ReturnType<typeof createSiteStore>;
