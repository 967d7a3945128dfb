import type { Handlers } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { planView } from './plan-view.ts';
import type { Plans } from './plans.ts';

export const planHandlers = (plans: Plans) =>
  ({
    listPlans: async ({ query }) => {
      const { limit, after } = pageWish(query);
      const found = await plans.list({ limit: limit + 1, ...(after === undefined ? {} : { after }) });
      return { status: 200, body: pageOf(found, limit, (plan) => plan.name, planView) };
    },
    getPlan: async ({ path }) => ({ status: 200, body: planView(await plans.get(path.plan)) }),
    putPlan: async ({ caller, path, body }) => ({
      status: 200,
      body: planView(
        await plans.put(caller, {
          name: path.plan,
          memoryMb: body.memory_mb,
          diskMb: body.disk_mb,
          backups: body.backups,
          domains: body.domains,
        }),
      ),
    }),
    deletePlan: async ({ caller, path }) => {
      await plans.delete(caller, path.plan);
      return { status: 204, body: undefined };
    },
  }) satisfies Handlers<'listPlans' | 'getPlan' | 'putPlan' | 'deletePlan'>;
