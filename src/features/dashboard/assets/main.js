// Made by npm run generate from page/main.ts.
import { account } from "./account.js";
import { createApi } from "./api.js";
import { h, refill } from "./dom.js";
import { drift } from "./drift.js";
import { createLive } from "./live.js";
import { failures, operations } from "./operations.js";
import { overview } from "./overview.js";
import { plans } from "./plans.js";
import { signIn } from "./sign-in.js";
import { site } from "./site.js";
import { sites } from "./sites.js";
import { webhooks } from "./webhooks.js";
import { kindWords, stateWords } from "./words.js";
const places = [
{ name: '', label: 'Overview', needs: [], view: overview },
{
name: 'sites',
label: 'Sites',
needs: ['sites:read'],
view: (context, rest, wished) => (rest === '' ? sites(context, wished) : site(context, rest)),
},
{ name: 'operations', label: 'Operations', needs: ['operations:read'], view: operations },
{ name: 'failures', label: 'Failures', needs: ['operations:read'], view: failures },
{ name: 'drift', label: 'Drift', needs: ['dns:read', 'drift:read'], view: drift },
{ name: 'webhooks', label: 'Webhooks', needs: ['webhooks:read'], view: webhooks },
{ name: 'plans', label: 'Plans', needs: ['plans:read'], view: plans },
{ name: 'key', label: 'This key', needs: [], view: account },
];
const decode = (text) => {
try {
return decodeURIComponent(text);
}
catch {
return text;
}
};
const wishOf = (hash) => {
const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
const [name = '', ...rest] = path.split('/');
return { name, rest: decode(rest.join('/')), wished: new URLSearchParams(query) };
};
const session = (api, live, who, leave) => {
const can = (scope) => who.key.scopes.includes(scope);
const allowed = places.filter(({ needs }) => needs.length === 0 || needs.some(can));
const left = places.filter((place) => !allowed.includes(place));
const heading = h('h1', { tabindex: -1 });
const back = h('p', { class: 'back' });
const body = h('div', {});
const links = allowed.map(({ name, label }) => ({ name, link: h('a', { href: `#/${name}` }, label) }));
const heard = h('span', { class: 'heard', role: 'status' });
let shown = new AbortController();
let isFirst = true;
const show = () => {
shown.abort();
shown = new AbortController();
const { name, rest, wished } = wishOf(location.hash);
const place = allowed.find((one) => one.name === name) ?? allowed[0];
const view = place.view({ api, live, who, can, signal: shown.signal }, rest, wished);
heading.textContent = view.title;
document.title = `${view.title} · Provisor`;
refill(back, view.back);
back.hidden = view.back === undefined;
refill(body, ...view.content);
for (const { name: own, link } of links) {
if (own === place.name)
link.setAttribute('aria-current', 'page');
else
link.removeAttribute('aria-current');
}
scrollTo(0, 0);
if (!isFirst)
heading.focus();
isFirst = false;
};
const words = { connecting: 'Connecting…', live: 'Live', broken: 'Not connected, trying again…' };
const ended = h('p', { class: 'unseen', role: 'status' });
const follow = (operation = null) => {
if (operation) {
ended.textContent = `${kindWords(operation.kind)} of ${operation.service_id}: ${stateWords(operation.state)}.`;
}
const now = live.connection();
if (heard.dataset.state === now)
return;
heard.dataset.state = now;
heard.textContent = words[now];
};
const element = h('div', { class: 'shell' }, h('a', {
class: 'skip',
href: '#main',
onclick: (event) => {
event.preventDefault();
heading.focus();
},
}, 'Skip to the content'), h('header', {}, h('a', { class: 'brand', href: '#/' }, 'Provisor'), h('span', { class: 'panel' }, who.panel.name), can('operations:read') && heard, h('button', { class: 'quiet', onclick: () => leave(null) }, 'Sign out')), h('nav', { 'aria-label': 'Main' }, h('ul', {}, links.map(({ link }) => h('li', {}, link)))), h('main', { id: 'main' }, ended, back, heading, body, left.length > 0 &&
h('p', { class: 'left-out small' }, `Left out, since this key does not have the scopes: ${left.map(({ label, needs }) => `${label} (${needs.join(' or ')})`).join(', ')}.`)));
addEventListener('hashchange', show);
live.listen(follow);
follow();
if (can('operations:read'))
live.start();
show();
const end = () => {
removeEventListener('hashchange', show);
shown.abort();
live.stop();
};
return { element, heading, end };
};
const root = document.getElementById('app');
const ask = (said) => {
document.title = 'Provisor';
const page = signIn(said, (key, who) => {
let isOver = false;
const leave = (sentence) => {
if (isOver)
return;
isOver = true;
document.querySelector('dialog')?.close();
opened.end();
ask(sentence);
};
const api = createApi(key, { onKeyRefused: (refusal) => leave(`${refusal.message} You have been signed out.`) });
const opened = session(api, createLive(api), who, leave);
refill(root, opened.element);
opened.heading.focus();
});
refill(document.getElementById('said'));
refill(root, page);
page.querySelector('input')?.focus();
};
ask(null);
