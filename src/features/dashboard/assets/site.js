// Made by npm run generate from page/site.ts.
import { at } from "./api.js";
import { h, refill } from "./dom.js";
import { pagedOperations } from "./operations.js";
import { facts, filled, nothing, operationList, pill, section, table, time, trouble } from "./parts.js";
import { backupActions, planChange, siteActions } from "./site-actions.js";
import { bytes, duration, size } from "./words.js";
const isNews = ({ state }, seen) => state !== 'done' && (state !== 'failed' || seen.state === 'failed');
const factsOf = (site) => facts([
['Owner', site.email],
['Customer', site.customer_id],
['Plan', site.plan],
['Memory', size(site.memory_mb)],
['Disk', size(site.disk_mb)],
['Backups', `${site.quotas.backups.used} of ${site.quotas.backups.limit}`],
['Domains', `${site.quotas.domains.used} of ${site.quotas.domains.limit}`],
['Visitors', site.proxy_enabled ? null : 'Kept out'],
['Suspended', site.suspension && time(site.suspension.since)],
['Reason', site.suspension?.reason ?? null],
['Public address', site.public_ip],
['Private address', site.private_ip],
['Machine', site.vmid],
['Made', time(site.created_at)],
['Deleted', time(site.deleted_at)],
]);
const gauge = (name, used, limit) => used === null
? null
: h('div', { class: 'gauge' }, h('span', {}, name), h('meter', { min: 0, max: limit, high: limit * 0.9, value: used, 'aria-label': name }), h('span', { class: 'small' }, `${bytes(used)} of ${bytes(limit)}`));
const statusOf = (status) => [
h('div', { class: 'card' }, facts([
['Workload', pill(status.workload, status.workload === 'running' ? 'ok' : undefined)],
['Node', status.node],
['Up for', status.uptime_seconds === null ? null : duration(status.uptime_seconds)],
['CPU', status.cpu === null ? null : `${Math.round(status.cpu * 100)} %`],
]), gauge('Memory', status.memory_bytes, status.memory_limit_bytes), gauge('Disk', status.disk_bytes, status.disk_limit_bytes)),
];
export const site = (context, id) => {
const { api, signal, live } = context;
const head = h('div', { class: 'head', 'aria-busy': 'true' }, h('p', { class: 'waiting' }, 'Asking the server…'));
const rest = h('div', {});
const path = at `/v1/sites/${id}`;
const again = [];
const draw = async (seen) => {
const own = live.running().find((one) => one.service_id === id && one.kind.startsWith('site.'));
const operation = own ?? seen.operation;
const plan = await planChange(seen, context, refresh).catch(() => null);
if (signal.aborted)
return;
refill(head, h('p', { class: 'state' }, pill(seen.state), seen.url && h('a', { href: seen.url, rel: 'noreferrer', target: '_blank' }, seen.url)), operation &&
isNews(operation, seen) &&
operationList('The last operation', [operation], context, () => void refresh(), { ofOneSite: true }), siteActions(seen, context, refresh), h('div', { class: 'card' }, factsOf(seen), plan));
};
const refresh = async () => {
try {
await draw(await api.get(path, signal));
for (const one of again)
one();
}
catch (error) {
if (!signal.aborted)
refill(head, trouble(error, () => void refresh()));
}
head.removeAttribute('aria-busy');
};
const part = (title, load, seen) => {
const { place, again: reload } = filled(signal, () => load(seen));
again.push(() => void reload());
return section(title, place);
};
const backups = async (seen) => {
const list = await api.get(`${path}/backups`, signal);
if (list.data.length === 0)
return [nothing('There is no backup.')];
const columns = [
{ name: 'Backup', cell: ({ name }) => name },
{ name: 'State', cell: ({ state }) => pill(state) },
{ name: 'Size', cell: ({ bytes: many }) => (many === null ? '–' : bytes(many)) },
{ name: 'Made', cell: ({ created_at: when }) => time(when) },
{ name: '', cell: (one) => backupActions(seen, one, context, refresh) },
];
return [
list.verified ? null : h('p', { class: 'lead' }, 'The provider does not answer: this is as it was last known.'),
table('Backups', columns, list.data).element,
];
};
const domains = async () => {
const { data } = await api.get(`${path}/domains`, signal);
if (data.length === 0)
return [nothing('No domain was brought to it.')];
const columns = [
{ name: 'Domain', cell: ({ hostname }) => hostname },
{ name: 'State', cell: ({ state }) => pill(state) },
{ name: 'What was seen', kind: 'wide', cell: ({ message }) => message },
];
return [table('Domains', columns, data).element];
};
const begin = async () => {
await refresh();
const seen = await api.get(path, signal).catch(() => null);
if (!seen || signal.aborted)
return;
const history = pagedOperations(context, (cursor) => `${path}/operations?limit=20${cursor === null ? '' : `&cursor=${cursor}`}`, 'Nothing was done with it yet.', { ofOneSite: true });
again.push(() => void history.again());
const isThere = seen.state !== 'deleted';
refill(rest, isThere &&
part('Right now', async () => statusOf(await api.get(`${path}/status`, signal)), seen), isThere && part('Backups', backups, seen), isThere && part('Domains', domains, seen), section('What was done', history.place));
};
void begin();
let last = '';
const stop = live.listen((ended) => {
const own = live.running().find((one) => one.service_id === id);
const now = `${own?.id}:${own?.state}:${own?.percent}:${own?.message}`;
if (ended?.service_id === id || now !== last) {
last = now;
void refresh();
}
});
signal.addEventListener('abort', stop);
return {
title: id,
back: h('a', { href: '#/sites' }, '← All sites'),
content: [head, rest],
};
};
