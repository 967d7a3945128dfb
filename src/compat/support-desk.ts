/** The calls of existing support extensions, unchanged: a table onto the same use cases. */
import type { Handlers } from '../contract/handler.ts';
import type { Subscription, SupportState } from '../features/support/subscription.ts';
import type { Support } from '../features/support/support.ts';
import { AppError } from '../kit/errors.ts';

const word = {
  active: 'ACTIVE',
  suspended: 'SUSPENDED',
  terminated: 'INACTIVE',
} as const satisfies Record<SupportState, string>;

const asStatus = ({ serviceId, state }: Pick<Subscription, 'serviceId' | 'state'>) =>
  ({ status: 200, body: { success: true, service_id: serviceId, status: word[state] } }) as const;

export const supportDeskHandlers = (support: Support) =>
  ({
    compatCreateSupport: async ({ caller, body }) => {
      const serviceId = String(body.service_id);
      const { subscription, key, fresh } = await support.create(caller, serviceId, {
        customerId: null,
        email: body.email,
        firstname: body.firstname ?? '',
        lastname: body.lastname ?? '',
      });
      // Such clients know a second one by the status.
      if (!fresh) {
        throw new AppError('conflict', 'service_exists', `Support subscription ${serviceId} exists already.`);
      }
      return {
        status: 200,
        body: { success: true, service_id: serviceId, support_key: key, status: word[subscription.state] },
      };
    },
    compatSuspendSupport: async ({ caller, body }) =>
      asStatus(await support.suspend(caller, { serviceId: String(body.service_id) })),
    compatUnsuspendSupport: async ({ caller, body }) =>
      asStatus(await support.unsuspend(caller, { serviceId: String(body.service_id) })),
    compatTerminateSupport: async ({ caller, body }) => {
      const serviceId = String(body.service_id);
      try {
        return asStatus(await support.terminate(caller, { serviceId }));
      } catch (error) {
        // What is not there need not be ended; a panel that ends a service must not fail over it.
        if (!(error instanceof AppError) || error.kind !== 'not_found') throw error;
        return asStatus({ serviceId, state: 'terminated' });
      }
    },
  }) satisfies Handlers<
    'compatCreateSupport' | 'compatSuspendSupport' | 'compatUnsuspendSupport' | 'compatTerminateSupport'
  >;
