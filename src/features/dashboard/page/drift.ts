/** Where what is outside differs from what was asked for here. */
import { at, type Page, type Schema } from './api.ts';
import type { Context, View } from './context.ts';
import { h, refill } from './dom.ts';
import { action, filled, nothing, pill, section, table, time, trouble } from './parts.ts';
import { count } from './words.ts';

type Zone = Schema<'Zone'>;
type DnsRecord = Schema<'Record'>;

/** Zones that are compared without being asked to: each is a question to the provider. */
const atOnce = 10;
const different = ['changed', 'missing', 'foreign'];
const meaning: Record<string, string> = {
  changed: 'has another TTL than was asked for',
  missing: 'was asked for, and is not there any more',
  foreign: 'is there, and was not asked for here',
};

const recordColumns = [
  { name: 'Record', cell: ({ name, type }: DnsRecord) => `${name} ${type}` },
  { name: 'State', cell: ({ state }: DnsRecord) => pill(state) },
  { name: 'Data', kind: 'wide' as const, cell: ({ data, published }: DnsRecord) => h('code', {}, published || data) },
  { name: 'What it means', kind: 'wide' as const, cell: ({ state }: DnsRecord) => meaning[state] ?? state },
];

const zoneRow = (zone: Zone, { api, signal }: Context) => {
  const place = h('div', { role: 'status' });
  const compare = async (): Promise<void> => {
    refill(place, h('p', { class: 'waiting' }, 'Asking the provider…'));
    try {
      const path = at`/v1/zones/${zone.name}/records`;
      const { data, verified } = await api.get<{ data: DnsRecord[]; verified: boolean }>(path, signal);
      const found = data.filter(({ state }) => different.includes(state));
      refill(
        place,
        !verified
          ? nothing('The provider does not answer, so nothing can be said.')
          : found.length === 0
            ? h('p', { class: 'calm small' }, `As asked for: ${count(data.length, 'record')}.`)
            : table(`Records of ${zone.unicode_name} that differ`, recordColumns, found).element,
      );
    } catch (error) {
      if (!signal.aborted) refill(place, trouble(error));
    }
  };
  const again = action('Compare', `compare-${zone.name}`, () => void compare(), 'quiet');
  return {
    element: h('li', { class: 'zone' }, h('div', { class: 'what' }, h('strong', {}, zone.unicode_name), again), place),
    compare,
  };
};

const zones = (context: Context) =>
  filled(context.signal, async () => {
    const { data, next_cursor: next } = await context.api.get<Page<Zone>>('/v1/zones?limit=100', context.signal);
    const active = data.filter(({ state }) => state === 'active');
    if (active.length === 0) return [nothing('There is no zone to compare.')];
    const rows = active.map((zone) => zoneRow(zone, context));
    const compareFirst = async () => {
      for (const { compare } of rows.slice(0, atOnce)) if (!context.signal.aborted) await compare();
    };
    void compareFirst();
    return [
      h(
        'ul',
        { class: 'zones' },
        rows.map(({ element }) => element),
      ),
      active.length > atOnce || next
        ? nothing(`The ${atOnce} newest are compared by themselves${next ? '; the newest 100 are shown' : ''}.`)
        : null,
    ];
  }).place;

const orphanColumns = [
  { name: 'Name', cell: ({ name }: Schema<'Sighting'>) => h('code', {}, name) },
  { name: 'Kind', cell: ({ kind }: Schema<'Sighting'>) => (kind === 'compute' ? 'workload' : 'route') },
  { name: 'First seen', cell: ({ first_seen_at: when }: Schema<'Sighting'>) => time(when) },
  { name: 'Last seen', cell: ({ last_seen_at: when }: Schema<'Sighting'>) => time(when) },
  { name: 'Sweeps', kind: 'number' as const, cell: ({ times }: Schema<'Sighting'>) => times },
];

const orphans = ({ api, signal }: Context) =>
  filled(signal, async () => {
    const { data, more } = await api.get<{ data: Schema<'Sighting'>[]; more: boolean }>('/v1/drift', signal);
    const how = h(
      'p',
      { class: 'lead' },
      'As the last sweep noted it. Look anew with ',
      h('code', {}, 'provisor sweep'),
      ', which also tells what is missing.',
    );
    if (data.length === 0) return [how, nothing('No sweep has noted anything that no service knows.')];
    return [
      how,
      table('Outside, and known to no service', orphanColumns, data).element,
      more ? nothing('There are more than these.') : null,
    ];
  }).place;

export const drift = (context: Context): View => ({
  title: 'Drift',
  content: [
    context.can('dns:read') &&
      section(
        'DNS zones',
        h('p', { class: 'lead' }, 'What is published, held against what was asked for here.'),
        zones(context),
      ),
    context.can('drift:read') && section('Known to no service', orphans(context)),
  ],
});
