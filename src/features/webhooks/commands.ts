import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../cli/duration.ts';
import { type ListOptions, moreLine, withListOptions } from '../../cli/list-options.ts';
import type { RunCommand } from '../../cli/output.ts';
import { facts, table } from '../../cli/table.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import type { Database } from '../../database/database.ts';
import type { DeliveryState } from '../../deliveries/delivery.ts';
import type { Caller } from '../../kit/caller.ts';
import { fromNow } from '../../kit/duration.ts';
import type { Panels } from '../panels/panels.ts';
import type { Webhook } from './webhook.ts';
import { deliveryView, webhookView } from './webhook-view.ts';
import type { Webhooks } from './webhooks.ts';

export interface WebhookTools {
  webhooks: Webhooks;
  panels: Pick<Panels, 'require'>;
  db: Pick<Database, 'now'>;
}

const states: readonly DeliveryState[] = ['pending', 'delivered', 'failed'];

const parseState = (text: string): DeliveryState => {
  const state = states.find((each) => each === text);
  if (!state) throw new InvalidArgumentError(`There are these states: ${states.join(', ')}.`);
  return state;
};

const stateOf = ({ enabled, failingSince }: Webhook): string => {
  if (!enabled) return 'disabled';
  return failingSince === null ? 'enabled' : 'failing';
};

const collect = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(',').map((each) => each.trim()),
];

const shownOnce = (secret: string): string =>
  `${secret}\n\nThis is the only time that the secret is shown. A lost one is replaced: provisor webhooks rotate`;

/** `provisor webhooks …`. */
export const webhookCommands = (program: Command, run: RunCommand<WebhookTools>): void => {
  const group = program.command('webhooks').description('where panels are told of what became of their services');

  const callerOf = async (panels: Pick<Panels, 'require'>, name: string): Promise<Caller> => ({
    panelId: (await panels.require(name)).id,
    actor: 'cli',
    requestId: null,
  });
  const onPanel = (name: string, description: string) =>
    group.command(name).description(description).argument('<panel>', 'the name of the panel');
  const onOne = (name: string, description: string) =>
    onPanel(name, description).argument('<webhook>', 'the id of the webhook');

  withListOptions(onPanel('list', 'the webhooks of a panel')).action((name: string, options: ListOptions) =>
    run(async ({ webhooks, panels }, output) => {
      const { limit, after } = pageWish(options);
      const found = await webhooks.list(await callerOf(panels, name), { limit: limit + 1, after });
      const page = pageOf(found, limit, ({ id }) => id, webhookView);
      output.answer(page, () =>
        found.length === 0
          ? `The panel "${name}" has no webhooks. Make one with: provisor webhooks create ${name} <url>`
          : table(
              ['webhook', 'state', 'events', 'url'],
              found.slice(0, limit).map((each) => [each.id, stateOf(each), each.events.join(' '), each.url]),
            ) + moreLine(page.next_cursor),
      );
    }),
  );

  onPanel('create', 'make a webhook')
    .argument('<url>', 'where to call')
    .option('--event <event>', 'which events, repeatable; site.* and *.failed stand for many (default: all)', collect)
    .option('--description <text>', 'what it is for')
    .action((name: string, url: string, options: { event?: string[]; description?: string }) =>
      run(async ({ webhooks, panels }, output) => {
        const wish = { url, events: options.event, description: options.description };
        const { webhook, secret } = await webhooks.create(await callerOf(panels, name), wish);
        output.answer(
          { ...webhookView(webhook), secret },
          () => `Webhook ${webhook.id} is made. Its secret:\n${shownOnce(secret)}`,
        );
      }),
    );

  onOne('show', 'one webhook').action((name: string, id: string) =>
    run(async ({ webhooks, panels, db }, output) => {
      const webhook = await webhooks.get(await callerOf(panels, name), id);
      const view = webhookView(webhook);
      const now = await db.now();
      output.answer(
        view,
        () =>
          `Webhook ${id}\n${facts([
            ['Url', webhook.url],
            ['Events', webhook.events.join(' ')],
            ['State', stateOf(webhook)],
            ...(webhook.failingSince === null
              ? []
              : [['Failing since', fromNow(webhook.failingSince, now)] as [string, string]]),
            ...(view.notice === null ? [] : [['Notice', view.notice] as [string, string]]),
          ])}`,
      );
    }),
  );

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    onOne(verb, `${verb} a webhook`).action((name: string, id: string) =>
      run(async ({ webhooks, panels }, output) => {
        const webhook = await webhooks.change(await callerOf(panels, name), id, { enabled });
        output.answer(webhookView(webhook), () => `Webhook ${id} is ${verb}d.`);
      }),
    );
  }

  onOne('rotate', 'make a new secret; the old one signs too until the overlap is over')
    .option('--overlap <duration>', 'how long both sign', parseDuration, parseDuration('24h'))
    .action((name: string, id: string, { overlap }: { overlap: number }) =>
      run(async ({ webhooks, panels }, output) => {
        const { webhook, secret } = await webhooks.rotate(await callerOf(panels, name), id, Math.round(overlap / 1000));
        output.answer({ ...webhookView(webhook), secret }, () => shownOnce(secret));
      }),
    );

  onOne('delete', 'delete a webhook and its deliveries').action((name: string, id: string) =>
    run(async ({ webhooks, panels }, output) => {
      await webhooks.remove(await callerOf(panels, name), id);
      output.answer({ id, deleted: true }, () => `Webhook ${id} is gone.`);
    }),
  );

  onOne('test', 'send a trial; a running server sends it').action((name: string, id: string) =>
    run(async ({ webhooks, panels }, output) => {
      const delivery = await webhooks.test(await callerOf(panels, name), id);
      output.answer(
        deliveryView(delivery),
        () => `The trial is on its way. What comes of it: provisor webhooks deliveries ${name} ${id}`,
      );
    }),
  );

  withListOptions(onOne('deliveries', 'what was sent, and what came of it, newest first'))
    .option('--state <state>', 'only in this state', parseState)
    .action((name: string, id: string, options: ListOptions & { state?: DeliveryState }) =>
      run(async ({ webhooks, panels, db }, output) => {
        const { limit, after } = pageWish(options);
        const wish = { limit: limit + 1, before: after, state: options.state };
        const found = await webhooks.deliveriesOf(await callerOf(panels, name), id, wish);
        const page = pageOf(found, limit, (each) => each.id, deliveryView);
        const now = await db.now();
        output.answer(page, () =>
          found.length === 0
            ? 'There are no such deliveries.'
            : table(
                ['delivery', 'event', 'service', 'state', 'tries', 'next', 'says'],
                found
                  .slice(0, limit)
                  .map((each) => [
                    each.id,
                    each.event.name,
                    each.event.service.serviceId,
                    each.state,
                    each.attempts,
                    each.nextAttemptAt === null ? null : fromNow(each.nextAttemptAt, now),
                    each.error,
                  ]),
              ) + moreLine(page.next_cursor),
        );
      }),
    );

  onOne('replay', 'send an event once more; a running server sends it')
    .argument('<delivery>', 'its id')
    .action((name: string, id: string, deliveryId: string) =>
      run(async ({ webhooks, panels }, output) => {
        const delivery = await webhooks.replay(await callerOf(panels, name), id, deliveryId);
        output.answer(
          deliveryView(delivery),
          () => `${delivery.event.name} of ${delivery.event.service.serviceId} is on its way again.`,
        );
      }),
    );
};
