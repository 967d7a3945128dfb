/** The least that any backend writes down before it can say that a site will be made: one transaction, three rows. */
import { createHash } from 'node:crypto';
import { createPool } from 'mysql2/promise';
import { ulid } from 'ulid';
import { settings } from './site-row.ts';

const pool = createPool({ ...settings.database, connectionLimit: 10 });

export interface CreateBody {
  service_id: string;
  email: string;
  plan: string;
}

/** No pool of names or addresses, no quotas, no audit, no look whether it was asked for before. */
export const createSite = async (panelId: string, body: CreateBody): Promise<void> => {
  const connection = await pool.getConnection();
  try {
    const now = Date.now();
    const [id, operation] = [ulid(), ulid()];
    const params = JSON.stringify(body);
    const hash = createHash('sha256').update(params).digest('hex');
    await connection.beginTransaction();
    await connection.execute(
      `INSERT INTO services (panel_id, kind, service_id, id, state, plan, created_at, updated_at)
       VALUES (?, 'site', ?, ?, 'creating', ?, ?, ?)`,
      [panelId, body.service_id, id, body.plan, now, now],
    );
    await connection.execute(
      `INSERT INTO sites (id, panel_id, email, public_ip, memory_mb, disk_mb, created_by)
       VALUES (?, ?, ?, '203.0.113.10', 2048, 20480, ?)`,
      [id, panelId, body.email, operation],
    );
    await connection.execute(
      `INSERT INTO operations (id, panel_id, service_kind, service_id, kind, params, params_hash, state, message,
         active_key, deadline_at, actor, created_at)
       VALUES (?, ?, 'site', ?, 'site.create', ?, ?, 'queued', 'Waiting for its turn', ?, ?, 'peer', ?)`,
      [operation, panelId, body.service_id, params, hash, `${panelId}:site:${body.service_id}`, now + 3_600_000, now],
    );
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
};
