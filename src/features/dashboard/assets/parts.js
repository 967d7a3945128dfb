// Made by npm run generate from page/parts.ts.
import { Refusal } from "./api.js";
import { confirm } from "./dialog.js";
import { h, refill, say } from "./dom.js";
import { exactTime, fromNow, kindWords, stateWords, toneOf } from "./words.js";
export const pill = (state, tone = toneOf(state)) => h('span', { class: `pill ${tone}` }, stateWords(state));
export const time = (instant) => instant === null ? null : h('time', { datetime: instant, title: exactTime(instant) }, fromNow(instant));
export const facts = (pairs) => h('dl', { class: 'facts' }, pairs.flatMap(([name, value]) => (value === null ? [] : [h('div', {}, h('dt', {}, name), h('dd', {}, value))])));
export const trouble = (error, again) => {
const sentence = error instanceof Error ? error.message : 'Something went wrong on this page.';
const requestId = error instanceof Refusal ? error.requestId : null;
return h('div', { class: 'trouble', role: 'alert' }, h('p', {}, sentence), requestId && h('p', { class: 'small' }, 'Request ', h('code', {}, requestId)), again && h('button', { onclick: again }, 'Try again'));
};
export const filled = (signal, load) => {
const place = h('div', { class: 'filled', 'aria-busy': 'true' }, h('p', { class: 'waiting' }, 'Asking the server…'));
const again = async () => {
place.setAttribute('aria-busy', 'true');
try {
const children = await load();
if (!signal.aborted)
refill(place, children);
}
catch (error) {
if (!signal.aborted)
refill(place, trouble(error, () => void again()));
}
place.removeAttribute('aria-busy');
};
return { place, again, first: again() };
};
export const section = (title, ...children) => h('section', {}, h('h2', {}, title), ...children);
export const table = (label, columns, items) => {
const row = (item) => h('tr', {}, columns.map(({ name, cell, kind }, index) => h(index === 0 ? 'th' : 'td', { 'data-name': name, class: kind, ...(index === 0 ? { scope: 'row' } : {}) }, cell(item))));
const body = h('tbody', {}, items.map(row));
const heads = columns.map(({ name, kind }) => h('th', { scope: 'col', class: kind }, name));
const element = h('table', {}, h('caption', { class: 'unseen' }, label), h('thead', {}, h('tr', {}, heads)), body);
return { element, add: (more) => body.append(...more.map(row)) };
};
export const doing = async (button, work, done) => {
button.setAttribute('aria-disabled', 'true');
try {
say(done(await work()));
return true;
}
catch (error) {
const id = error instanceof Refusal && error.requestId ? ` (request ${error.requestId})` : '';
say(`${error.message}${id}`, 'failed');
return false;
}
finally {
button.removeAttribute('aria-disabled');
}
};
export const action = (label, key, run, kind = '') => {
const press = (event) => {
const button = event.currentTarget;
if (button.getAttribute('aria-disabled') !== 'true')
run(button);
};
return h('button', { class: kind, 'data-key': key, onclick: press }, label);
};
const link = ({ kind, service_id: id }, can) => kind.startsWith('site.') && can('sites:read') ? h('a', { href: `#/sites/${encodeURIComponent(id)}` }, id) : id;
export const operationRow = (operation, { api, can }, changed, { ofOneSite = false } = {}) => {
const { id, state, percent, kind, retryable } = operation;
const words = kindWords(kind);
const isMoving = ['running', 'undoing', 'queued', 'pending'].includes(state);
const retry = (button) => doing(button, () => api.post(`/v1/operations/${id}/retry`), () => `${words}: it is tried again.`).then(changed);
const cancel = async (button) => {
const sentence = `${words} of ${operation.service_id} is cancelled, and what it did is taken back.`;
if (!(await confirm({ title: 'Cancel and take back?', sentence, verb: 'Cancel it' })))
return;
await doing(button, () => api.post(`/v1/operations/${id}/cancel`), () => `${words}: it is cancelled and taken back.`);
changed();
};
const mayCancel = isMoving && state !== 'undoing' && !operation.cancel_requested && !kind.endsWith('.delete');
return h('li', { class: 'operation', 'data-id': id }, h('div', { class: 'what' }, h('strong', {}, words), !ofOneSite && h('span', { class: 'whose' }, link(operation, can)), pill(state), h('span', { class: 'when' }, time(operation.finished_at ?? operation.created_at))), h('p', { class: 'says' }, operation.error?.message ?? operation.message), (state === 'stuck' || state === 'failed') &&
h('p', { class: 'says small' }, 'Details: ', h('code', {}, `provisor operations show ${id}`)), isMoving &&
h('progress', { max: 100, value: percent, 'aria-label': `${words} of ${operation.service_id}` }, `${percent} %`), can('operations:write') &&
(retryable || mayCancel) &&
h('div', { class: 'actions' }, retryable && action('Try again', `retry-${id}`, retry), mayCancel && action('Cancel', `cancel-${id}`, cancel)));
};
export const operationList = (label, operations, context, changed, options = {}) => h('ul', { class: 'operations', 'aria-label': label }, operations.map((one) => operationRow(one, context, changed, options)));
export const nothing = (sentence, ...more) => h('p', { class: 'nothing' }, sentence, ...more);
