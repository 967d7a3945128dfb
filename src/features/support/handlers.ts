import type { Handlers, Schema } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { instant } from '../../kit/instant.ts';
import type { Subscription } from './subscription.ts';
import type { Support, SupportWithKey } from './support.ts';

type Event = Schema<'SupportWithKey'>['history'][number]['action'];

const view = (subscription: Subscription): Schema<'Support'> => ({
  service_id: subscription.serviceId,
  customer_id: subscription.customerId,
  email: subscription.email,
  firstname: subscription.firstname,
  lastname: subscription.lastname,
  state: subscription.state,
  created_at: instant(subscription.createdAt),
  updated_at: instant(subscription.updatedAt),
});

const viewWithKey = ({ subscription, key, keyMadeAt, history }: SupportWithKey): Schema<'SupportWithKey'> => ({
  ...view(subscription),
  support_key: key,
  key_made_at: instant(keyMadeAt),
  history: history.map(({ at, action, actor }) => ({
    at: instant(at),
    action: action.slice('support.'.length) as Event,
    actor,
  })),
});

const refOf = ({ path, body }: { path: { service_id: string }; body?: { customer_id?: string } | undefined }) => ({
  serviceId: path.service_id,
  customerId: body?.customer_id,
});

export const supportHandlers = (support: Support) =>
  ({
    listSupport: async ({ caller, query }) => {
      const { limit, after } = pageWish(query);
      const found = await support.list(caller, { limit: limit + 1, after, customerId: query.customer_id });
      return { status: 200, body: pageOf(found, limit, ({ serviceId }) => serviceId, view) };
    },
    createSupport: async ({ caller, body }) => {
      const made = await support.create(caller, String(body.service_id), {
        customerId: body.customer_id ?? null,
        email: body.email,
        firstname: body.firstname ?? '',
        lastname: body.lastname ?? '',
      });
      return { status: made.fresh ? 201 : 200, body: viewWithKey(made) };
    },
    getSupport: async ({ caller, path, query }) => ({
      status: 200,
      body: viewWithKey(await support.get(caller, { serviceId: path.service_id, customerId: query.customer_id })),
    }),
    suspendSupport: async (input) => ({ status: 200, body: view(await support.suspend(input.caller, refOf(input))) }),
    unsuspendSupport: async (input) => ({
      status: 200,
      body: view(await support.unsuspend(input.caller, refOf(input))),
    }),
    terminateSupport: async (input) => ({
      status: 200,
      body: view(await support.terminate(input.caller, refOf(input))),
    }),
    rotateSupportKey: async (input) => ({
      status: 200,
      body: viewWithKey(await support.rotate(input.caller, refOf(input))),
    }),
    verifySupportKey: async ({ caller, body }) => {
      const { valid, reason, subscription } = await support.verify(caller, body.support_key);
      return { status: 200, body: { valid, reason, subscription: subscription && view(subscription) } };
    },
  }) satisfies Handlers<
    | 'listSupport'
    | 'createSupport'
    | 'getSupport'
    | 'suspendSupport'
    | 'unsuspendSupport'
    | 'terminateSupport'
    | 'rotateSupportKey'
    | 'verifySupportKey'
  >;
