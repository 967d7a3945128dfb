import type { Database, Queries, Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import { AppError } from '../../kit/errors.ts';
import { systemChain } from '../../operations/audit.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Plan } from './plan.ts';
import * as store from './plan-store.ts';

const listed = 20;

/** The plans, as other features see them. */
export const createPlans = ({
  db,
  operations: { transaction, trail },
}: {
  db: Database;
  operations: Pick<Operations, 'transaction' | 'trail'>;
}) => {
  const note = async (tx: Tx, caller: Caller, action: 'plan.put' | 'plan.delete', details: object) =>
    trail.append(tx, {
      chain: systemChain,
      at: await db.now(tx),
      actor: caller.actor,
      action,
      outcome: 'done',
      details: { ...details, ...(caller.panelId === '' ? {} : { panel_id: caller.panelId }) },
      requestId: caller.requestId,
    });

  /** Errors: `plan_unknown` (400), naming the plans that there are. */
  const require = async (queries: Queries, name: string): Promise<Plan> => {
    const plan = await store.findPlan(queries, name);
    if (plan) return plan;
    const known = (await store.listPlans(queries, { limit: listed })).map((each) => each.name);
    throw new AppError(
      'invalid',
      'plan_unknown',
      `There is no plan "${name}". Known plans: ${known.join(', ') || 'none'}.`,
    );
  };

  return {
    require,
    list: (page: { limit: number; after?: string }) => store.listPlans(db.knex, page),
    /** Errors: `not_found`. */
    get: async (name: string): Promise<Plan> => {
      const plan = await store.findPlan(db.knex, name);
      if (!plan) throw new AppError('not_found', 'not_found', `There is no plan "${name}".`);
      return plan;
    },
    put: (caller: Caller, plan: Plan): Promise<Plan> =>
      transaction(async (tx) => {
        await store.putPlan(tx, plan, await db.now(tx));
        await note(tx, caller, 'plan.put', plan);
        return plan;
      }),
    /** A plan that is not there is a success. Errors: `plan_in_use` (409). */
    delete: (caller: Caller, name: string): Promise<void> =>
      transaction(async (tx) => {
        if (await store.deletePlan(tx, name)) {
          await note(tx, caller, 'plan.delete', { name });
          return;
        }
        if (await store.findPlan(tx, name)) {
          throw new AppError(
            'conflict',
            'plan_in_use',
            `The plan "${name}" is still the plan of at least one service.`,
          );
        }
      }),
  };
};

export type Plans = ReturnType<typeof createPlans>;
