import type { Knex } from 'knex';
import { isUniqueViolation } from '../src/database/errors.ts';

/** The three plans that a new installation starts with. A plan of that name is left as it is. */
export const up = async (db: Knex): Promise<void> => {
  const now = Date.now();
  const seeds = [
    { name: 'basic', memory_mb: 2048, disk_mb: 20480, backups: 2, domains: 3 },
    { name: 'standard', memory_mb: 4096, disk_mb: 40960, backups: 3, domains: 5 },
    { name: 'premium', memory_mb: 8192, disk_mb: 81920, backups: 5, domains: 10 },
  ];
  for (const seed of seeds) {
    await db('plans')
      .insert({ ...seed, created_at: now, updated_at: now })
      .catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
      });
  }
};
