/** What the services of the model can be told: to be made, to change a value, to be removed. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Queries } from '../../src/database/database.ts';
import { defineOperation } from '../../src/operations/definition.ts';
import type { ServiceKey } from '../../src/operations/operation.ts';
import type { ModelOutside, Sender } from './model-outside.ts';

interface Subject {
  service: ServiceKey;
  plan: string;
}
interface Params {
  value: string;
}

const where = (key: ServiceKey) => ({ panel_id: key.panelId, kind: key.kind, service_id: key.serviceId });

/** The operations as one worker has them: its calls are told apart, for they end with it. */
export const modelOperations = (deps: {
  outside: ModelOutside;
  panelId: string;
  sender: () => Sender;
  /** Told when a step begins that must not. */
  wrong: (error: unknown) => void;
}) => {
  const { outside, panelId, sender, wrong } = deps;
  const doing =
    (step: string, forward: boolean, effect: (subject: Subject, params: Params) => void) =>
    (context: Subject & { params: Params; operation: { id: string }; signal: AbortSignal }) =>
      outside
        .call(
          sender(),
          {
            operation: context.operation.id,
            service: context.service.serviceId,
            step,
            forward,
            signal: context.signal,
          },
          () => effect(context, context.params),
        )
        .catch((error: unknown) => {
          if (error instanceof assert.AssertionError) wrong(error);
          throw error;
        });
  const thing = (name: string) => ({
    owns: ({ service }: Subject) => ({ kind: 'model', name: `${name}-${panelId}-${service.serviceId}` }),
    add: ({ service }: Subject) => void outside.objects.add(`${name}-${service.serviceId}`),
    drop: ({ service }: Subject) => void outside.objects.delete(`${name}-${service.serviceId}`),
  });
  const [disk, route] = [thing('disk'), thing('route')];
  const become = (state: string) => async (tx: Queries, key: ServiceKey) => {
    await tx('services').where(where(key)).update({ state });
  };
  const shared = {
    params: z.object({ value: z.string() }),
    doneMessage: 'Done',
    maxAttempts: 3,
    load: async (queries: Queries, service: ServiceKey) => ({
      service,
      plan: String((await queries('services').where(where(service)).first('plan')).plan),
    }),
  };
  const setValue = ({ service }: Subject, value: string) => void outside.values.set(service.serviceId, value);
  const make = defineOperation<Subject, Params>({
    ...shared,
    kind: 'model.make',
    steps: [
      {
        name: 'disk',
        say: 'Making',
        owns: disk.owns,
        run: doing('make disk', true, disk.add),
        undo: doing('drop disk', false, disk.drop),
      },
      {
        name: 'route',
        say: 'Making',
        owns: route.owns,
        run: doing('make route', true, route.add),
        undo: doing('drop route', false, route.drop),
      },
      { name: 'finish', say: 'Finishing', run: doing('finish', true, () => {}) },
    ],
    accepted: become('creating'),
    done: become('active'),
    failed: become('none'),
  });
  const change = defineOperation<Subject, Params>({
    ...shared,
    kind: 'model.change',
    steps: [
      {
        name: 'set',
        say: 'Setting',
        run: doing('set', true, (subject, { value }) => setValue(subject, value)),
        undo: doing('set back', false, (subject) => setValue(subject, subject.plan)),
      },
      { name: 'check', say: 'Checking', run: doing('check', true, () => {}) },
    ],
    done: async (tx, key, { value }) => {
      await tx('services').where(where(key)).update({ plan: value });
    },
  });
  const remove = defineOperation<Subject, Params>({
    ...shared,
    kind: 'model.remove',
    forwardOnly: true,
    waits: true,
    deadlineSeconds: 86_400,
    steps: [
      { name: 'route', say: 'Removing', removes: route.owns, run: doing('remove route', true, route.drop) },
      { name: 'disk', say: 'Removing', removes: disk.owns, run: doing('remove disk', true, disk.drop) },
    ],
    accepted: become('deleting'),
    done: become('none'),
  });
  return { make, change, remove };
};
