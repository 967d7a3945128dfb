/**
 * A database as it is after years: a million services of one panel, and rows in every other table that grows. Nearly
 * all of it has ended well; some of it, the oldest, waits or has failed, so that who looks for it must have an index.
 */
import { addServices, atOnce, id } from '../../bench/harness/rows.ts';
import type { Database } from '../../src/database/database.ts';

interface Table {
  columns: string;
  /** What a row is made of; `seq` is the number of its service. */
  values: string;
  /** More than one row for each service. */
  times?: string;
  /** Its row, or one of each kind, for service number `n`. */
  examples: (n: number) => string[];
}

const day = 24 * 3_600_000;
/** The webhooks of the panel; most deliveries go to the second. */
const hook = (n: number) => id('H', n);
const three = 'join (select 1 as k union all select 2 union all select 3) as times';

/** Beside those of `addServices`. */
const tablesOf = (panelId: string, now: number, many: number): Record<string, Table> => {
  const panel = `'${panelId}'`;
  // Spread over a month, in the order of their ids.
  const at = `${now - 30 * day} + seq * ${Math.floor((30 * day) / many)}`;
  const chain = `concat(${panel}, ':site:', seq)`;
  const chainOf = (n: number) => `chain = '${panelId}:site:${n}'`;
  const [site, operation, zone] = [id('S', 'seq'), id('P', 'seq'), id('Z', 'seq')];
  const service = `${panel}, 'site', seq`;
  return {
    operation_steps: {
      columns: 'operation_id, seq, direction, panel_id, name, state, fence, began_at, ended_at',
      values: `${operation}, k, 'do', ${panel}, concat('step-', k), 'done', 1, ${at}, ${at} + 100`,
      times: three,
      examples: (n) => [`operation_id = ${id('P', n)}`],
    },
    quota_holds: {
      columns: 'operation_id, resource, panel_id, service_kind, service_id, amount, state',
      values: `${operation}, 'backups', ${service}, 1, 'kept'`,
      examples: (n) => [`operation_id = ${id('P', n)}`],
    },
    resources: {
      columns:
        'kind, name, panel_id, service_kind, service_id, operation_id, external_id, state, created_at, updated_at',
      values: `if(k = 1, 'compute', 'route'), concat('svc-', seq), ${service}, ${operation}, null, 'present', ${at}, ${at}`,
      times: 'join (select 1 as k union all select 2) as times',
      examples: (n) => [`kind = 'compute' and name = 'svc-${n}'`, `kind = 'route' and name = 'svc-${n}'`],
    },
    idempotency_keys: {
      columns:
        'panel_id, idem_key, request_hash, state, locked_until, operation_id, status, headers, body, created_at, expires_at',
      values: `${panel}, concat('key-', seq), repeat('0', 64), 'done', 0, ${operation}, 202, '{}', '{}', ${at}, ${at} + ${31 * day}`,
      examples: (n) => [`panel_id = ${panel} and idem_key = 'key-${n}'`],
    },
    outbox: {
      columns: 'id, panel_id, service_kind, service_id, event, payload, created_at, sent_at, seq',
      values: `${id('O', 'seq')}, ${service}, 'site.create.done', '{}', ${at}, if(seq <= 100, null, ${at} + 20), 1`,
      examples: (n) => [`id = ${id('O', n)}`],
    },
    audit: {
      columns: 'chain, seq, at, actor, action, outcome, details, request_id, prev_hash, hash',
      values: `${chain}, k, ${at} + k, if(k = 2, 'engine', 'bench'), if(k = 3, 'site.suspend', 'site.create'),
        if(k = 2, if(seq <= 50, 'failed', 'done'), 'accepted'), '{}', null, repeat('0', 64), repeat('0', 64)`,
      times: three,
      examples: (n) => [chainOf(n)],
    },
    audit_chains: {
      columns: 'chain, seq, hash, mac',
      values: `${chain}, 3, repeat('0', 64), repeat('0', 64)`,
      examples: (n) => [chainOf(n)],
    },
    reservations: {
      columns: 'pool, value, number, panel_id, service, free_at',
      values: `pools.pool, case k when 1 then concat('customer', seq) when 2 then inet_ntoa(167772160 + seq) else 100 + seq end,
        case k when 1 then null when 2 then 167772160 + seq else 100 + seq end, ${panel}, ${site}, null`,
      times:
        "join (select 'subdomain' as pool, 1 as k union all select 'private-ip', 2 union all select 'vmid', 3) as pools",
      examples: (n) =>
        ['subdomain', 'private-ip', 'vmid'].map((pool) => `service = ${id('S', n)} and pool = '${pool}'`),
    },
    backups: {
      columns: 'site, name, panel_id, day, number, state, created_at',
      values: `${site}, '01012026-1', ${panel}, '01012026', 1, 'ready', ${at}`,
      examples: (n) => [`site = ${id('S', n)}`],
    },
    support: {
      columns: 'panel_id, service_id, customer_id, email, firstname, lastname, state, created_at, updated_at',
      values: `${panel}, seq, seq % 1000, 'a@example.com', 'A', 'B', 'active', ${at}, ${at}`,
      examples: (n) => [`panel_id = ${panel} and service_id = '${n}'`],
    },
    support_keys: {
      columns: 'mac, panel_id, service_id, sealed, current, created_at',
      values: `lpad(seq, 64, '0'), ${panel}, seq, 'sealed', 1, ${at}`,
      examples: (n) => [`panel_id = ${panel} and service_id = '${n}'`],
    },
    domains: {
      columns:
        'site, hostname, panel_id, service_id, state, next_check_at, verify_until, created_at, active_at, checks, checked_at',
      values: `${site}, concat('www.own-', seq, '.com'), ${panel}, seq, if(seq <= 500, 'pending_verification', 'active'),
        if(seq <= 500, ${at}, null), ${at} + ${day}, ${at}, if(seq <= 500, null, ${at}), 1, ${at}`,
      examples: (n) => [`site = ${id('S', n)}`],
    },
    domain_names: {
      columns: 'hostname, parent, panel_id, owner, site',
      values: `concat('www.own-', seq, '.com'), concat('own-', seq, '.com'), ${panel}, concat('customer/', seq % 1000), ${site}`,
      examples: (n) => [`site = ${id('S', n)}`],
    },
    services: {
      columns: 'panel_id, kind, service_id, id, customer_id, state, plan, created_at, updated_at',
      values: `${panel}, 'zone', ${zone}, ${zone}, seq % 1000, 'active', '', ${at}, ${at}`,
      examples: (n) => [
        `panel_id = ${panel} and kind = 'site' and service_id = '${n}'`,
        `panel_id = ${panel} and kind = 'zone' and service_id = ${id('Z', n)}`,
      ],
    },
    zones: {
      columns: 'id, panel_id, name, live_name, number, domain, version, created_by',
      values: `${zone}, ${panel}, concat('own-', seq, '.com'), concat('own-', seq, '.com'), lpad(seq, 16, '0'),
        concat('own-', seq, '.com'), 1, ${operation}`,
      examples: (n) => [`id = ${id('Z', n)}`],
    },
    zone_records: {
      columns: 'zone, id, panel_id, name, type, ttl, rdata',
      values: `${zone}, lpad(k, 16, '0'), ${panel}, concat('own-', seq, '.com.'), 'TXT', 300, concat('text ', k)`,
      times: three,
      examples: (n) => [`zone = ${id('Z', n)}`],
    },
    zone_domains: {
      columns: 'domain, wishes',
      values: `concat('own-', seq, '.com'), 1`,
      examples: (n) => [`domain = 'own-${n}.com'`],
    },
    zone_proofs: {
      columns: 'panel_id, customer_id, name, seen_at',
      values: `${panel}, seq % 1000, concat('own-', seq, '.com'), ${at}`,
      examples: (n) => [`panel_id = ${panel} and customer_id = '${n % 1000}' and name = 'own-${n}.com'`],
    },
    deliveries: {
      columns:
        'id, channel, target, lane, panel_id, service_kind, service_id, event_id, event, seq, payload, event_at, state, attempts, created_at, ended_at',
      values: `${id('D', 'seq')}, 'webhook', if(seq % 10 = 0, ${hook(1)}, ${hook(2)}), ${chain}, ${service}, ${id('O', 'seq')},
        'site.create.done', 1, '{}', ${at}, case when seq <= 50 then 'failed' when seq <= 100 then 'pending' else 'delivered' end,
        1, ${at}, if(seq between 51 and 100, null, ${at})`,
      examples: (n) => [`id = ${id('D', n)}`, `id = ${id('D', 75)}`],
    },
    delivery_lanes: {
      columns: 'target, lane, channel, due_at, fence, version, touched_at',
      values: `if(seq % 10 = 0, ${hook(1)}, ${hook(2)}), ${chain}, 'webhook', if(seq between 51 and 100, ${at}, null), 1, 1, ${at}`,
      examples: (n) => [n, 75].map((each) => `target = ${hook(2)} and lane = '${panelId}:site:${each}'`),
    },
    sweep_sightings: {
      columns: 'kind, name, first_seen_at, last_seen_at, times',
      values: `if(seq % 2 = 0, 'compute', 'route'), concat('svc-stray-', seq), ${at}, ${now}, 3`,
      examples: (n) => [`kind = 'route' and name = 'svc-stray-${n}'`],
    },
    rate_counters: {
      columns: 'id, taken, touched_at',
      values: `concat('address:', seq), 1, ${now}`,
      examples: (n) => [`id = 'address:${n}'`],
    },
  };
};

/** Of `addServices`. */
const basicExamples = (panelId: string, n: number): Record<string, string[]> => ({
  sites: [`id = ${id('S', n)}`],
  quotas: [`panel_id = '${panelId}' and kind = 'site' and service_id = '${n}'`],
  operations: [`id = ${id('P', n)}`, `id = ${id('P', 250)}`, `id = ${id('P', 525)}`],
});

/** What waits, is under way or has failed, among the oldest. */
const unrest = (panelId: string, now: number): string[] => [
  `update services set state = 'suspended', suspended_at = ${now}, suspended_reason = 'unpaid'
   where id between ${id('S', 1001)} and ${id('S', 2000)}`,
  `update services set state = 'deleted', deleted_at = ${now} where id between ${id('S', 2001)} and ${id('S', 3000)}`,
  `update services set state = 'failed' where id between ${id('S', 3001)} and ${id('S', 3100)}`,
  `update operations set state = 'failed', error = '{}' where id between ${id('P', 3001)} and ${id('P', 3100)}`,
  `update operations set state = 'queued', finished_at = null, started_at = null, due_at = created_at,
     active_key = concat('${panelId}:site:', service_id) where id between ${id('P', 1)} and ${id('P', 500)}`,
  `update operations set state = 'stuck', stuck_in = 'running', finished_at = null,
     active_key = concat('${panelId}:site:', service_id) where id between ${id('P', 501)} and ${id('P', 520)}`,
  `update operations set state = 'running', owner = 'bench', finished_at = null, due_at = ${now + 30_000},
     active_key = concat('${panelId}:site:', service_id) where id between ${id('P', 521)} and ${id('P', 530)}`,
];

export type Row = Record<string, unknown>;

export interface Filled {
  /** Whose all of it is. */
  panelId: string;
  /** When it was filled. */
  now: number;
  /** Rows of each growing table. */
  rows: Map<string, number>;
  /** Of each of them one row in the middle of all, and one of each other kind that it has. */
  examples: Map<string, Row[]>;
}

const panelId = '01BENCHN000000000000000001';

/** Fills an empty database on MariaDB with that many services, and with a tenth as many in every other table. */
export const fill = async (
  { knex }: Database,
  { services, now }: { services: number; now: number },
): Promise<Filled> => {
  const many = Math.floor(services / 10);
  const tables = tablesOf(panelId, now, many);
  await knex('panels').insert({ id: panelId, name: 'the big one', created_at: now });
  await addServices(knex, { panelId, actor: 'bench', from: 1, to: services });
  await knex.raw(
    `insert into webhooks (id, panel_id, slot, url, events, description, enabled, secret, created_at, updated_at)
     select concat('01BENCHH', lpad(seq, 18, '0')), '${panelId}', seq, 'https://example.com/', '["*"]', '', 1, 'sealed', ${now}, ${now}
     from seq_1_to_2`,
  );
  for (const [table, { columns, values, times = '' }] of Object.entries(tables)) {
    for (let from = 1; from <= many; from += atOnce) {
      const to = Math.min(many, from + atOnce - 1);
      await knex.raw(`insert into ${table} (${columns}) select ${values} from seq_${from}_to_${to} ${times}`);
    }
  }
  for (const sql of unrest(panelId, now)) await knex.raw(sql);

  const middle = Math.floor(many / 2) + 1;
  const wanted = {
    ...basicExamples(panelId, middle),
    ...Object.fromEntries(Object.entries(tables).map(([table, { examples }]) => [table, examples(middle)])),
  };
  await knex.raw(`analyze table ${Object.keys(wanted).join(', ')}`);
  const rows = new Map<string, number>();
  const examples = new Map<string, Row[]>();
  for (const [table, conditions] of Object.entries(wanted)) {
    rows.set(table, Number((await knex(table).count('* as n').first())?.n));
    const found = await Promise.all(conditions.map((condition) => knex(table).whereRaw(condition).first()));
    if (found.includes(undefined)) throw new Error(`There is no example row of ${table}`);
    examples.set(table, found);
  }
  return { panelId, now, rows, examples };
};
