/**
 * What the peers on Node share: how somebody who writes this one call by hand
 * would do it. One prepared statement finds the key, one reads all that the
 * answer shows, and the answer has the same bytes as Provisor's.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createPool } from 'mysql2/promise';

export interface PeerSettings {
  port: number;
  database: { host: string; port: number; user: string; database: string };
  pepper: string;
  sitesPort: number;
  /** Looks a key up once, and keeps it for ever. */
  keepsKeys: boolean;
}

export const settings = JSON.parse(process.env.BENCH_PEER ?? '') as PeerSettings;

const pool = createPool({ ...settings.database, connectionLimit: 10 });

const keySql = 'SELECT panel_id, secret_mac, expires_at, revoked_at FROM panel_keys WHERE id = ?';

const view = `SELECT s.service_id, s.customer_id, s.state, s.plan, s.suspended_reason, s.suspended_at, s.created_at,
    s.updated_at, s.deleted_at, s.id, t.email, t.subdomain, t.vmid, t.private_ip, t.public_ip, t.memory_mb, t.disk_mb,
    t.proxy_enabled, b.used AS backups_used, b.lim AS backups_lim, d.used AS domains_used, d.lim AS domains_lim,
    o.id AS o_id, o.kind AS o_kind, o.state AS o_state, o.step_name AS o_step, o.percent AS o_percent,
    o.message AS o_message, o.cancel_requested AS o_cancel, o.created_at AS o_created, o.finished_at AS o_finished
  FROM services s JOIN sites t ON t.id = s.id
  LEFT JOIN quotas b ON b.panel_id = s.panel_id AND b.kind = s.kind AND b.service_id = s.service_id
    AND b.resource = 'backups'
  LEFT JOIN quotas d ON d.panel_id = s.panel_id AND d.kind = s.kind AND d.service_id = s.service_id
    AND d.resource = 'domains'
  LEFT JOIN operations o ON o.id = (SELECT p.id FROM operations p
    WHERE p.panel_id = s.panel_id AND p.service_kind = s.kind AND p.service_id = s.service_id
    ORDER BY p.id DESC LIMIT 1)`;
const oneSql = `${view} WHERE s.panel_id = ? AND s.kind = 'site' AND s.service_id = ?`;
const pageSql = `${view} WHERE s.panel_id = ? AND s.kind = 'site' AND s.deleted_at IS NULL ORDER BY s.id DESC LIMIT 51`;

// biome-ignore lint/suspicious/noExplicitAny: rows are what the driver gives
type Row = any;

interface KnownKey {
  panelId: string;
  mac: string;
  expiresAt: number | null;
  revokedAt: number | null;
}

const kept = new Map<string, KnownKey>();

const findKey = async (id: string): Promise<KnownKey | undefined> => {
  const known = kept.get(id);
  if (known) return known;
  const [[row]] = (await pool.execute(keySql, [id])) as Row;
  if (!row) return undefined;
  const key = { panelId: row.panel_id, mac: row.secret_mac, expiresAt: row.expires_at, revokedAt: row.revoked_at };
  if (settings.keepsKeys) kept.set(id, key);
  return key;
};

/** The panel of a key that is good, or null. */
export const panelOf = async (authorization: string | undefined): Promise<string | null> => {
  const [, id, secret] = /^Bearer pvr_([0-9a-z]{12})_([0-9a-z]{50})$/.exec(authorization ?? '') ?? [];
  const key = id && (await findKey(id));
  if (!key) return null;
  const mac = createHmac('sha256', settings.pepper).update(`${id}:${secret}`).digest();
  if (!timingSafeEqual(mac, Buffer.from(key.mac, 'hex'))) return null;
  if (key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= Date.now())) return null;
  return key.panelId;
};

const instant = (at: number | null) => (at === null ? null : new Date(at).toISOString());

const siteOf = (row: Row) => ({
  service_id: row.service_id,
  customer_id: row.customer_id,
  state: row.state,
  plan: row.plan,
  email: row.email,
  subdomain: row.subdomain,
  hostname: `${row.subdomain}.sites.localhost`,
  url: `http://${row.subdomain}.sites.localhost:${settings.sitesPort}/`,
  vmid: row.vmid,
  private_ip: row.private_ip,
  public_ip: row.public_ip,
  suspension: row.suspended_at === null ? null : { reason: row.suspended_reason, since: instant(row.suspended_at) },
  memory_mb: row.memory_mb,
  disk_mb: row.disk_mb,
  proxy_enabled: row.proxy_enabled === 1,
  quotas: {
    backups: { used: row.backups_used, limit: row.backups_lim },
    domains: { used: row.domains_used, limit: row.domains_lim },
  },
  created_at: instant(row.created_at),
  updated_at: instant(row.updated_at),
  deleted_at: instant(row.deleted_at),
  operation:
    row.o_id === null
      ? null
      : {
          id: row.o_id,
          kind: row.o_kind,
          service_id: row.service_id,
          state: row.o_state,
          step: row.o_step,
          percent: row.o_percent,
          message: row.o_message,
          retryable: false,
          cancel_requested: row.o_cancel === 1,
          error: null,
          created_at: instant(row.o_created),
          finished_at: instant(row.o_finished),
        },
});

export const findSite = async (panelId: string, serviceId: string) => {
  const [[row]] = (await pool.execute(oneSql, [panelId, serviceId])) as Row;
  return row ? siteOf(row) : null;
};

export const firstPage = async (panelId: string) => {
  const [rows] = (await pool.execute(pageSql, [panelId])) as Row;
  const page = rows.slice(0, 50);
  return {
    data: page.map(siteOf),
    next_cursor: rows.length > 50 ? Buffer.from(page[49].id).toString('base64url') : null,
  };
};
