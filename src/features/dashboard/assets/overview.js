// Made by npm run generate from page/overview.ts.
import { h, refill } from "./dom.js";
import { firstSite } from "./first-site.js";
import { filled, nothing, operationList, pill, section } from "./parts.js";
import { count } from "./words.js";
const siteTiles = ['active', 'creating', 'stopped', 'suspended', 'failed', 'deleting'];
const figure = (many, cap) => `${many.toLocaleString('en')}${many >= cap ? '+' : ''}`;
const tiles = ({ sites, counted_to: caps }) => sites &&
h('ul', { class: 'tiles', 'aria-label': 'Sites by state' }, siteTiles
.filter((state) => state === 'active' || sites[state] > 0)
.map((state) => h('li', {}, h('a', { href: `#/sites?state=${state}`, class: state === 'failed' ? 'bad' : '' }, h('strong', {}, figure(sites[state], caps.sites)), pill(state)))));
export const runningNow = (context) => {
const { live, signal } = context;
const place = h('div', {});
const draw = () => {
const running = live.running();
if (live.connection() === 'connecting')
return refill(place, h('p', { class: 'waiting' }, 'Listening…'));
refill(place, running.length === 0 ? nothing('Nothing is under way.') : operationList('Under way', running, context, () => { }), live.more() && nothing('More are in line than are shown here.'));
};
draw();
signal.addEventListener('abort', live.listen(draw));
return place;
};
const failing = async (context, overview, again) => {
const { api, signal, can } = context;
const failedSites = overview.sites?.failed ?? 0;
const stuck = overview.operations?.stuck ?? 0;
const [operations, sites] = await Promise.all([
stuck > 0 ? api.get('/v1/operations?state=stuck&limit=5', signal) : null,
failedSites > 0 && can('sites:read') ? api.get('/v1/sites?state=failed&limit=5', signal) : null,
]);
if (!operations && !sites) {
const sentence = ' No operation is stuck, and no site has failed.';
return { told: [], parts: [h('p', { class: 'calm' }, h('strong', {}, 'Nothing needs you.'), sentence)] };
}
const ofSites = (sites?.data ?? []).flatMap(({ operation }) => (operation?.state === 'failed' ? [operation] : []));
const told = [...(operations?.data ?? []), ...ofSites];
const counts = [stuck > 0 && count(stuck, 'stuck operation'), failedSites > 0 && count(failedSites, 'failed site')];
const sentence = `${counts.filter(Boolean).join(' and ')}.`;
const list = operationList('Needs attention', told, context, again);
const head = h('p', {}, h('strong', {}, 'Needs attention: '), sentence);
return { told, parts: [h('div', { class: 'attention' }, head, list)] };
};
export const overview = (context) => {
const { api, signal, can, live } = context;
let above = new Set();
const { place, again, first } = filled(signal, async () => {
const counts = await api.get('/v1/overview', signal);
const { sites, operations } = counts;
if (sites && can('sites:read') && Object.values(sites).every((many) => many === 0)) {
const { data } = await api.get('/v1/sites?state=deleted&limit=1', signal);
if (data.length === 0)
return [firstSite()];
}
if (!operations)
return [tiles(counts)];
const { told, parts } = await failing(context, counts, () => void again());
above = new Set(told.map(({ id }) => id));
return [...parts, tiles(counts)];
});
let due;
const soon = (ended) => {
if (!ended || due !== undefined)
return;
due = setTimeout(() => {
due = undefined;
void again();
}, 1_000);
};
const timer = setInterval(() => void again(), 30_000);
const stop = live.listen(soon);
signal.addEventListener('abort', () => {
stop();
clearInterval(timer);
clearTimeout(due);
});
const failed = async () => {
await first;
const { data } = await api.get('/v1/operations?state=failed&limit=10', signal);
const rest = data.filter(({ id }) => !above.has(id)).slice(0, 5);
if (rest.length === 0)
return [nothing(above.size > 0 ? 'Nothing else.' : 'Nothing.')];
const list = operationList('Lately failed', rest, context, () => void lately.again());
return [list, h('p', {}, h('a', { href: '#/failures' }, 'All failures'))];
};
const lately = can('operations:read') ? filled(signal, failed) : { place: null, again: async () => { } };
return {
title: 'Overview',
content: [
place,
can('operations:read') && section('Under way', runningNow(context)),
lately.place && section('Lately failed', lately.place),
],
};
};
