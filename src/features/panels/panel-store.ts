import type { Queries } from '../../database/database.ts';
import { int, intOrNull, json } from '../../database/rows.ts';
import type { PanelKey } from './panel-key.ts';

export interface Panel {
  id: string;
  name: string;
  createdAt: number;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are what the drivers give; this function is where they get types
const decodeKey = (row: any): PanelKey => ({
  id: row.id,
  panelId: row.panel_id,
  secretMac: row.secret_mac,
  scopes: json(row.scopes),
  createdAt: int(row.created_at),
  expiresAt: intOrNull(row.expires_at),
  revokedAt: intOrNull(row.revoked_at),
  lastUsedAt: intOrNull(row.last_used_at),
});

// biome-ignore lint/suspicious/noExplicitAny: as above
const decodePanel = (row: any): Panel => ({ id: row.id, name: row.name, createdAt: int(row.created_at) });

/** Errors: a unique violation when the name is taken. */
export const insertPanel = async (queries: Queries, panel: Panel): Promise<void> => {
  await queries('panels').insert({ id: panel.id, name: panel.name, created_at: panel.createdAt });
};

export const findPanelByName = async (queries: Queries, name: string): Promise<Panel | null> => {
  const row = await queries('panels').where({ name }).first();
  return row ? decodePanel(row) : null;
};

export const findPanelName = async (queries: Queries, id: string): Promise<string | null> =>
  (await queries('panels').where({ id }).first('name'))?.name ?? null;

export const listPanels = async (queries: Queries): Promise<Panel[]> =>
  (await queries('panels').orderBy('name')).map(decodePanel);

export const insertKey = async (queries: Queries, key: PanelKey): Promise<void> => {
  await queries('panel_keys').insert({
    id: key.id,
    panel_id: key.panelId,
    secret_mac: key.secretMac,
    scopes: JSON.stringify(key.scopes),
    created_at: key.createdAt,
    expires_at: key.expiresAt,
  });
};

export const findKey = async (queries: Queries, id: string): Promise<PanelKey | null> => {
  const row = await queries('panel_keys').where({ id }).first();
  return row ? decodeKey(row) : null;
};

/** A key with its panel, in one query. */
export const findKeyWithPanel = async (
  queries: Queries,
  id: string,
): Promise<(PanelKey & { panelName: string }) | null> => {
  const row = await queries('panel_keys')
    .join('panels', 'panels.id', 'panel_keys.panel_id')
    .where('panel_keys.id', id)
    .first('panel_keys.*', 'panels.name as panel_name');
  return row ? { ...decodeKey(row), panelName: row.panel_name } : null;
};

export const listKeys = async (queries: Queries, panelId: string): Promise<PanelKey[]> =>
  (await queries('panel_keys').where({ panel_id: panelId }).orderBy('created_at')).map(decodeKey);

/** Sets the end of a key, but never puts it off. */
export const expireKey = async (queries: Queries, id: string, at: number): Promise<void> => {
  await queries('panel_keys')
    .where({ id })
    .where((row) => row.whereNull('expires_at').orWhere('expires_at', '>', at))
    .update({ expires_at: at });
};

/** False when it was revoked before. */
export const revokeKey = async (queries: Queries, id: string, at: number): Promise<boolean> =>
  (await queries('panel_keys').where({ id }).whereNull('revoked_at').update({ revoked_at: at })) === 1;

/** Notes the use of a key, unless one was noted since `unlessSince`. */
export const noteUse = async (queries: Queries, id: string, at: number, unlessSince: number): Promise<void> => {
  await queries('panel_keys')
    .where({ id })
    .where((row) => row.whereNull('last_used_at').orWhere('last_used_at', '<', unlessSince))
    .update({ last_used_at: at });
};
