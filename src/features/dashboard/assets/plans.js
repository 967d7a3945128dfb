// Made by npm run generate from page/plans.ts.
import { h } from "./dom.js";
import { filled, nothing, table } from "./parts.js";
import { size } from "./words.js";
export const plans = ({ api, signal, can }) => {
const columns = [
{
name: 'Plan',
cell: ({ name }) => can('sites:read') ? h('a', { href: `#/sites?plan=${encodeURIComponent(name)}` }, name) : name,
},
{ name: 'Memory', kind: 'number', cell: ({ memory_mb: mb }) => size(mb) },
{ name: 'Disk', kind: 'number', cell: ({ disk_mb: mb }) => size(mb) },
{ name: 'Backups', kind: 'number', cell: ({ backups }) => backups },
{ name: 'Domains', kind: 'number', cell: ({ domains }) => domains },
];
const { place } = filled(signal, async () => {
const { data } = await api.get('/v1/plans?limit=200', signal);
const how = h('p', { class: 'lead' }, 'Plans are made and changed with ', h('code', {}, 'provisor plans put'), '. Sites keep what they were granted until they change plan.');
return data.length === 0 ? [how, nothing('There is no plan.')] : [how, table('Plans', columns, data).element];
});
return { title: 'Plans', content: [place] };
};
