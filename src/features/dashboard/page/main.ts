/** The page itself: who is signed in, which view is shown, and whether the server is heard. */
import { account } from './account.ts';
import { type Api, createApi, type Operation, type Scope, type Whoami } from './api.ts';
import type { Context, View } from './context.ts';
import { h, refill } from './dom.ts';
import { drift } from './drift.ts';
import { createLive, type Live } from './live.ts';
import { failures, operations } from './operations.ts';
import { overview } from './overview.ts';
import { plans } from './plans.ts';
import { signIn } from './sign-in.ts';
import { site } from './site.ts';
import { sites } from './sites.ts';
import { webhooks } from './webhooks.ts';
import { kindWords, stateWords } from './words.ts';

interface Place {
  name: string;
  label: string;
  /** One of these is enough; without any the place is left out. */
  needs: Scope[];
  view: (context: Context, rest: string, wished: URLSearchParams) => View;
}

const places: Place[] = [
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

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const wishOf = (hash: string) => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...rest] = path.split('/');
  return { name, rest: decode(rest.join('/')), wished: new URLSearchParams(query) };
};

const session = (api: Api, live: Live, who: Whoami, leave: (said: string | null) => void) => {
  const can = (scope: Scope) => (who.key.scopes as Scope[]).includes(scope);
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
    const place = allowed.find((one) => one.name === name) ?? allowed[0]!;
    const view = place.view({ api, live, who, can, signal: shown.signal }, rest, wished);
    heading.textContent = view.title;
    document.title = `${view.title} · Provisor`;
    refill(back, view.back);
    back.hidden = view.back === undefined;
    refill(body, ...view.content);
    for (const { name: own, link } of links) {
      if (own === place.name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    scrollTo(0, 0);
    if (!isFirst) heading.focus();
    isFirst = false;
  };

  const words = { connecting: 'Connecting…', live: 'Live', broken: 'Not connected, trying again…' };
  const ended = h('p', { class: 'unseen', role: 'status' });
  const follow = (operation: Operation | null = null) => {
    if (operation) {
      ended.textContent = `${kindWords(operation.kind)} of ${operation.service_id}: ${stateWords(operation.state)}.`;
    }
    const now = live.connection();
    if (heard.dataset.state === now) return;
    heard.dataset.state = now;
    heard.textContent = words[now];
  };

  const element = h(
    'div',
    { class: 'shell' },
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onclick: (event: Event) => {
          event.preventDefault();
          heading.focus();
        },
      },
      'Skip to the content',
    ),
    h(
      'header',
      {},
      h('a', { class: 'brand', href: '#/' }, 'Provisor'),
      h('span', { class: 'panel' }, who.panel.name),
      can('operations:read') && heard,
      h('button', { class: 'quiet', onclick: () => leave(null) }, 'Sign out'),
    ),
    h(
      'nav',
      { 'aria-label': 'Main' },
      h(
        'ul',
        {},
        links.map(({ link }) => h('li', {}, link)),
      ),
    ),
    h(
      'main',
      { id: 'main' },
      ended,
      back,
      heading,
      body,
      left.length > 0 &&
        h(
          'p',
          { class: 'left-out small' },
          `Left out, since this key does not have the scopes: ${left.map(({ label, needs }) => `${label} (${needs.join(' or ')})`).join(', ')}.`,
        ),
    ),
  );
  addEventListener('hashchange', show);
  live.listen(follow);
  follow();
  if (can('operations:read')) live.start();
  show();
  const end = () => {
    removeEventListener('hashchange', show);
    shown.abort();
    live.stop();
  };
  return { element, heading, end };
};

const root = document.getElementById('app')!;

const ask = (said: string | null): void => {
  document.title = 'Provisor';
  const page = signIn(said, (key, who) => {
    let isOver = false;
    const leave = (sentence: string | null) => {
      if (isOver) return;
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
  refill(document.getElementById('said')!);
  refill(root, page);
  page.querySelector('input')?.focus();
};

ask(null);
