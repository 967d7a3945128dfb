/** Whether what happens here reaches the panel. */
import type { Page, Schema } from './api.ts';
import type { Context, View } from './context.ts';
import { h } from './dom.ts';
import { filled, nothing, pill, table, time } from './parts.ts';
import { count } from './words.ts';

type Webhook = Schema<'Webhook'>;
type Delivery = Schema<'WebhookDelivery'>;

const healthOf = ({ enabled, failing_since: since }: Webhook) => {
  if (!enabled) return pill('disabled', 'bad');
  return since === null ? pill('well', 'ok') : pill('failing', 'warn');
};

const columns = [
  { name: 'Event', cell: ({ event }: Delivery) => event },
  { name: 'Service', cell: ({ service_id: id }: Delivery) => id },
  { name: 'Tries', kind: 'number' as const, cell: ({ attempts }: Delivery) => attempts },
  { name: 'What came of it', kind: 'wide' as const, cell: ({ error }: Delivery) => error ?? 'No answer yet' },
];
const givenUp = [...columns, { name: 'From', cell: ({ created_at: at }: Delivery) => time(at) }];
const triedAgain = [...columns, { name: 'Next try', cell: ({ next_attempt_at: at }: Delivery) => time(at) }];

const deliveries = ({ api, signal }: Context, webhook: Webhook) =>
  filled(signal, async () => {
    const of = async (state: Delivery['state']) =>
      (await api.get<Page<Delivery>>(`/v1/webhooks/${webhook.id}/deliveries?state=${state}&limit=5`, signal)).data;
    // Others only wait for their turn behind these.
    const waiting =
      webhook.failing_since === null ? [] : (await of('pending')).filter(({ next_attempt_at: at }) => at !== null);
    const failed = await of('failed');
    return [
      waiting.length > 0
        ? table(`Deliveries to ${webhook.url} that are tried again`, triedAgain, waiting).element
        : null,
      failed.length > 0 ? table(`Deliveries to ${webhook.url} that were given up`, givenUp, failed).element : null,
      waiting.length + failed.length === 0 ? h('p', { class: 'small' }, 'No delivery was given up.') : null,
    ];
  }).place;

export const webhooks = (context: Context): View => {
  const { api, signal } = context;
  const { place } = filled(signal, async () => {
    const { data } = await api.get<Page<Webhook>>('/v1/webhooks?limit=50', signal);
    if (data.length === 0) return [nothing('There is no webhook. A panel makes one with POST /v1/webhooks.')];
    const ill = data.filter(({ enabled, failing_since: since }) => !enabled || since !== null).length;
    return [
      h(
        'p',
        { class: 'lead' },
        ill === 0
          ? `${count(data.length, 'webhook')}, all well.`
          : `${count(ill, 'webhook')} of ${data.length} cannot deliver.`,
      ),
      h(
        'ul',
        { class: 'zones' },
        data.map((webhook) =>
          h(
            'li',
            { class: 'zone' },
            h('div', { class: 'what' }, h('strong', {}, webhook.url), healthOf(webhook)),
            webhook.notice && h('p', {}, webhook.notice),
            webhook.failing_since && h('p', { class: 'small' }, 'It began to fail ', time(webhook.failing_since), '.'),
            deliveries(context, webhook),
          ),
        ),
      ),
    ];
  });
  return { title: 'Webhooks', content: [place] };
};
