/** What a refused request must not leave behind. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestApp } from './app.ts';

const tables = [
  'services',
  'sites',
  'quotas',
  'operations',
  'operation_steps',
  'resources',
  'reservations',
  'idempotency_keys',
  'outbox',
  'plans',
];

/** How many rows each table has, and how many directories there are of sites. */
export const countTraces = async ({ serving, dataDir }: TestApp): Promise<Record<string, number>> => {
  const { knex } = serving.provisor.db;
  const counts: Record<string, number> = {};
  for (const table of tables) counts[table] = Number((await knex(table).count('* as rows').first())?.rows);
  // Refusals are in the trail on purpose, and panels and plans have chains of their own.
  const audited = knex('audit').where('chain', 'like', '%:site:%').whereNot({ outcome: 'refused' });
  counts.audit = Number((await audited.count('* as rows').first())?.rows);
  counts.directories = (await readdir(join(dataDir, 'sites')).catch(() => [])).length;
  return counts;
};
