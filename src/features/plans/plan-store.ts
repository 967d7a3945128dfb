import type { Queries, Tx } from '../../database/database.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import { int } from '../../database/rows.ts';
import { type Row, statement } from '../../database/statement.ts';
import type { Plan } from './plan.ts';

const decode = (row: Row): Plan => ({
  name: row.name,
  memoryMb: int(row.memory_mb),
  diskMb: int(row.disk_mb),
  backups: int(row.backups),
  domains: int(row.domains),
});

const findOne = statement('select * from plans where name = ?');

export const findPlan = async (queries: Queries, name: string): Promise<Plan | null> => {
  const row = await findOne.first(queries, [name]);
  return row && decode(row);
};

/** In the order of their names; `after` is the last one of the page before. */
export const listPlans = async (queries: Queries, page: { limit: number; after?: string }): Promise<Plan[]> => {
  const query = queries('plans').orderBy('name').limit(page.limit);
  if (page.after !== undefined) query.where('name', '>', page.after);
  return (await query).map(decode);
};

/** Makes or changes a plan. */
export const putPlan = async (tx: Tx, plan: Plan, at: number): Promise<void> => {
  const grants = {
    memory_mb: plan.memoryMb,
    disk_mb: plan.diskMb,
    backups: plan.backups,
    domains: plan.domains,
    updated_at: at,
  };
  const change = () => tx('plans').where({ name: plan.name }).update(grants);
  if ((await change()) === 1) return;
  try {
    await tx('plans').insert({ ...grants, name: plan.name, created_at: at });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    await change();
  }
};

/**
 * Removes a plan unless a service that is not deleted has it. A create or an upgrade that is asked for at the same
 * moment may still get it; both carry what the plan granted with them, so nothing is missing then.
 */
export const deletePlan = async (tx: Tx, name: string): Promise<boolean> =>
  (await tx('plans')
    .where({ name })
    .whereNotExists(tx('services').where({ plan: name }).whereNull('deleted_at').select('id'))
    .delete()) === 1;
