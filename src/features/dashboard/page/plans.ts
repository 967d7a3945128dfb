/** What can be sold. */
import type { Page, Schema } from './api.ts';
import type { Context, View } from './context.ts';
import { h } from './dom.ts';
import { filled, nothing, table } from './parts.ts';
import { size } from './words.ts';

type Plan = Schema<'Plan'>;

export const plans = ({ api, signal, can }: Context): View => {
  const columns = [
    {
      name: 'Plan',
      cell: ({ name }: Plan) =>
        can('sites:read') ? h('a', { href: `#/sites?plan=${encodeURIComponent(name)}` }, name) : name,
    },
    { name: 'Memory', kind: 'number' as const, cell: ({ memory_mb: mb }: Plan) => size(mb) },
    { name: 'Disk', kind: 'number' as const, cell: ({ disk_mb: mb }: Plan) => size(mb) },
    { name: 'Backups', kind: 'number' as const, cell: ({ backups }: Plan) => backups },
    { name: 'Domains', kind: 'number' as const, cell: ({ domains }: Plan) => domains },
  ];
  const { place } = filled(signal, async () => {
    const { data } = await api.get<Page<Plan>>('/v1/plans?limit=200', signal);
    const how = h(
      'p',
      { class: 'lead' },
      'Plans are made and changed with ',
      h('code', {}, 'provisor plans put'),
      '. Sites keep what they were granted until they change plan.',
    );
    return data.length === 0 ? [how, nothing('There is no plan.')] : [how, table('Plans', columns, data).element];
  });
  return { title: 'Plans', content: [place] };
};
