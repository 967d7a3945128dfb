// Made by npm run generate from page/operations.ts.
import { query } from "./api.js";
import { h, refill } from "./dom.js";
import { runningNow } from "./overview.js";
import { filled, nothing, operationList, operationRow, section, trouble } from "./parts.js";
export const pagedOperations = (context, path, empty, options = {}) => {
const { api, signal } = context;
return filled(signal, async function load() {
const first = await api.get(path(null), signal);
if (first.data.length === 0)
return [nothing(empty)];
const refresh = async () => void refill(list.parentElement, await load());
const list = operationList('Operations', first.data, context, () => void refresh(), options);
let cursor = first.next_cursor;
const problem = h('div', {});
const next = async () => {
more.disabled = true;
try {
const page = await api.get(path(cursor), signal);
list.append(...page.data.map((one) => operationRow(one, context, () => void refresh(), options)));
cursor = page.next_cursor;
refill(problem);
}
catch (error) {
if (!signal.aborted)
refill(problem, trouble(error));
}
more.disabled = false;
more.hidden = cursor === null;
if (!more.hidden)
more.focus();
};
const more = h('button', { onclick: () => void next() }, 'Show more');
more.hidden = cursor === null;
return [list, problem, h('p', { class: 'more' }, more)];
});
};
export const operations = (context) => {
const { live, signal } = context;
const past = pagedOperations(context, (cursor) => `/v1/operations${query({ limit: 30, state: 'done', cursor })}`, 'Nothing has been done yet.');
let due;
const stop = live.listen((ended) => {
if (!ended)
return;
clearTimeout(due);
due = setTimeout(() => void past.again(), 500);
});
signal.addEventListener('abort', () => {
stop();
clearTimeout(due);
});
return { title: 'Operations', content: [section('Under way', runningNow(context)), section('Done', past.place)] };
};
export const failures = (context) => {
const list = (state, empty) => pagedOperations(context, (cursor) => `/v1/operations${query({ limit: 30, state, cursor })}`, empty).place;
return {
title: 'Failures',
content: [
section('Stuck', h('p', { class: 'lead' }, 'These wait for you: they could be finished neither forward nor back. Try again once the cause is mended.'), list('stuck', 'None is stuck.')),
section('Failed', h('p', { class: 'lead' }, 'These were taken back; nothing of them is left outside.'), list('failed', 'None has failed.')),
],
};
};
