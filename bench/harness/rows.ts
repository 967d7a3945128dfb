/**
 * Rows in bulk: services of one panel, each a site with its quotas and a finished
 * operation. They are made by the server itself, a million in a minute or two.
 */
import type { Queries } from '../../src/database/database.ts';

/** Id number `n` of a table. Ids of one letter rise with their number, as real ones do with time. */
export const id = (letter: string, n: string | number) => `concat('01BENCH${letter}', lpad(${n}, 18, '0'))`;

export interface Batch {
  panelId: string;
  actor: string;
  /** Services number `from` up to and with `to`; number 7 has the service_id 7. */
  from: number;
  to: number;
}

/** How many services one statement makes: transactions of a million rows would fill the undo log. */
export const atOnce = 20_000;

const statements = ({ panelId, actor, from, to }: Batch): string[] => {
  const rows = `from seq_${from}_to_${to}`;
  const at = '1760000000000 + seq';
  return [
    `insert into services (panel_id, kind, service_id, id, customer_id, state, plan, created_at, updated_at)
     select '${panelId}', 'site', seq, ${id('S', 'seq')}, seq % 1000, 'active', 'basic', ${at}, ${at} ${rows}`,
    `insert into sites (id, panel_id, email, subdomain, vmid, private_ip, public_ip, memory_mb, disk_mb, created_by)
     select ${id('S', 'seq')}, '${panelId}', concat('customer', seq, '@example.com'), concat('customer', seq), 100 + seq,
       inet_ntoa(167772160 + seq), '203.0.113.10', 2048, 20480, ${id('P', 'seq')} ${rows}`,
    `insert into quotas (panel_id, kind, service_id, resource, used, lim)
     select '${panelId}', 'site', seq, resource, seq % 2, lim ${rows}
     join (select 'backups' as resource, 2 as lim union all select 'domains', 3) as kinds`,
    `insert into operations (id, panel_id, service_kind, service_id, kind, params, params_hash, state, percent, message,
       deadline_at, fence, actor, version, created_at, started_at, finished_at)
     select ${id('P', 'seq')}, '${panelId}', 'site', seq, 'site.create', '{}', repeat('0', 64), 'done', 100,
       'The site is ready', ${at}, 1, '${actor}', 12, ${at}, ${at}, ${at} + 900 ${rows}`,
  ];
};

/** Adds them. MariaDB only: it has a table of all numbers. */
export const addServices = async (queries: Queries, { from, to, ...rest }: Batch): Promise<void> => {
  for (let start = from; start <= to; start += atOnce) {
    for (const sql of statements({ ...rest, from: start, to: Math.min(to, start + atOnce - 1) })) {
      await queries.raw(sql);
    }
  }
  await queries.raw('analyze table services, sites, quotas, operations');
};
