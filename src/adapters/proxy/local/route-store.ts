import { join } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { ProviderError } from '../../../kit/errors.ts';
import { createSqliteFile } from '../../../kit/sqlite-file.ts';
import type { Route } from '../../../ports/proxy.ts';

/**
 * The routes in `<dataDir>/proxy.sqlite`. A host name is the primary key of its
 * own table, so the database itself sees to it that no two routes share one.
 * Nothing is cached: what another process writes counts at the next request.
 */
export interface RouteStore {
  list(): Route[];
  get(id: string): Route | null;
  /** The route that a host name is on, enabled or not; its own name before the wildcard beside it. */
  find(hostname: string): Route | null;
  put(route: Route): void;
  /** False when there is no such route. */
  setEnabled(id: string, enabled: boolean): boolean;
  delete(id: string): void;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS routes (
    id TEXT NOT NULL PRIMARY KEY,
    upstream TEXT NOT NULL,
    page TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    redirect_https INTEGER NOT NULL,
    tls TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS hostnames (
    hostname TEXT NOT NULL PRIMARY KEY,
    route_id TEXT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS hostnames_by_route ON hostnames (route_id, position);
`;

const columns = `id, upstream, page, enabled, redirect_https, tls, (
  SELECT json_group_array(hostname ORDER BY position) FROM hostnames WHERE route_id = routes.id
) AS hostnames`;

const queries = {
  list: `SELECT ${columns} FROM routes ORDER BY id`,
  get: `SELECT ${columns} FROM routes WHERE id = ?`,
  find: `SELECT ${columns} FROM routes WHERE id = (
    SELECT route_id FROM hostnames WHERE hostname IN (?, ?) ORDER BY hostname LIKE '*.%' LIMIT 1)`,
  put: `INSERT INTO routes (id, upstream, page, enabled, redirect_https, tls) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET upstream = excluded.upstream, page = excluded.page, enabled = excluded.enabled,
          redirect_https = excluded.redirect_https, tls = excluded.tls`,
  dropHostnames: 'DELETE FROM hostnames WHERE route_id = ?',
  addHostname: 'INSERT INTO hostnames (hostname, route_id, position) VALUES (?, ?, ?)',
  setEnabled: 'UPDATE routes SET enabled = ? WHERE id = ?',
  delete: 'DELETE FROM routes WHERE id = ?',
};

type Statements = Record<keyof typeof queries, StatementSync>;
type Row = Record<string, unknown>;

const primaryKeyTaken = 1_555;

const toRoute = (row: Row): Route => ({
  id: String(row.id),
  hostnames: JSON.parse(String(row.hostnames)),
  upstream: JSON.parse(String(row.upstream)),
  page: String(row.page) as Route['page'],
  enabled: row.enabled === 1,
  redirectHttps: row.redirect_https === 1,
  tls: String(row.tls) as Route['tls'],
});

export const createRouteStore = (dataDir: string): RouteStore => {
  const file = createSqliteFile(join(dataDir, 'proxy.sqlite'), schema);
  let statements: Statements | undefined;

  const use = (): Statements => {
    if (!statements) {
      const database = file.open();
      const prepared = Object.entries(queries).map(([key, sql]) => [key, database.prepare(sql)]);
      statements = Object.fromEntries(prepared) as Statements;
    }
    return statements;
  };

  const one = (row: Row | undefined): Route | null => (row ? toRoute(row) : null);

  const addHostname = (route: Route, hostname: string, position: number): void => {
    try {
      use().addHostname.run(hostname, route.id, position);
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== primaryKeyTaken) throw error;
      throw new ProviderError('proxy/local', 'conflict', `The host name ${hostname} is on another route`);
    }
  };

  return {
    list: () => use().list.all().map(toRoute),
    get: (id) => one(use().get.get(id)),
    find: (hostname) => one(use().find.get(hostname, hostname.replace(/^[^.]+/, '*'))),
    put: (route) =>
      file.transaction(() => {
        const { id, upstream, page, enabled, redirectHttps, tls } = route;
        use().put.run(id, JSON.stringify(upstream), page, enabled ? 1 : 0, redirectHttps ? 1 : 0, tls);
        use().dropHostnames.run(id);
        for (const [position, hostname] of route.hostnames.entries()) {
          addHostname(route, hostname, position);
        }
      }),
    setEnabled: (id, enabled) => use().setEnabled.run(enabled ? 1 : 0, id).changes === 1,
    delete: (id) => {
      use().delete.run(id);
    },
    close: () => {
      statements = undefined;
      file.close();
    },
  };
};
