/** The sites of the panel: found by a word, a state or a plan, a page at a time. */
import { type Page, query, type Schema, type Site } from './api.ts';
import type { Context, View } from './context.ts';
import { h, refill } from './dom.ts';
import { firstSite } from './first-site.ts';
import { type Column, nothing, pill, table, time, trouble } from './parts.ts';
import { count } from './words.ts';

const states = ['creating', 'active', 'stopped', 'suspended', 'failed', 'deleting', 'deleted'];
const restMs = 250;

const quota = ({ used, limit }: { used: number; limit: number }) => `${used} of ${limit}`;

const columns: Column<Site>[] = [
  {
    name: 'Service',
    cell: ({ service_id: id }) => h('a', { href: `#/sites/${encodeURIComponent(id)}` }, id),
  },
  { name: 'State', cell: ({ state }) => pill(state) },
  {
    name: 'Address and owner',
    kind: 'wide',
    cell: ({ hostname, email }) =>
      h('div', { class: 'two' }, h('span', {}, hostname ?? 'No address'), h('span', { class: 'small' }, email)),
  },
  { name: 'Plan', cell: ({ plan }) => plan },
  { name: 'Backups', kind: 'number', cell: ({ quotas }) => quota(quotas.backups) },
  { name: 'Domains', kind: 'number', cell: ({ quotas }) => quota(quotas.domains) },
  { name: 'Made', kind: 'spare', cell: ({ created_at: at }) => time(at) },
];

const select = (label: string, all: string, values: string[], chosen: string, change: (value: string) => void) => {
  const field: HTMLSelectElement = h('select', { 'aria-label': label, onchange: () => change(field.value) });
  field.append(h('option', { value: '' }, all));
  for (const value of values) field.append(h('option', { value, selected: value === chosen }, value));
  return field;
};

export const sites = (context: Context, wished: URLSearchParams): View => {
  const { api, signal, can } = context;
  const wish = { search: wished.get('search') ?? '', state: wished.get('state') ?? '', plan: wished.get('plan') ?? '' };
  const place = h('div', { 'aria-busy': 'true' }, h('p', { class: 'waiting' }, 'Asking the server…'));
  const status = h('p', { class: 'small', role: 'status' });
  let asked = 0;
  let timer: number | undefined;

  const load = async (): Promise<void> => {
    const turn = ++asked;
    place.setAttribute('aria-busy', 'true');
    const path = (cursor?: string | null) => `/v1/sites${query({ limit: 50, ...wish, cursor })}`;
    try {
      const first = await api.get<Page<Site>>(path(), signal);
      // A slow answer to an earlier wish must not stand in the place of a later one.
      if (turn === asked && !signal.aborted) show(first, path);
    } catch (error) {
      if (turn === asked && !signal.aborted)
        refill(
          place,
          trouble(error, () => void load()),
        );
    }
    if (turn === asked) place.removeAttribute('aria-busy');
  };

  const show = (first: Page<Site>, path: (cursor: string | null) => string) => {
    const isFiltered = wish.search !== '' || wish.state !== '' || wish.plan !== '';
    if (first.data.length === 0) {
      status.textContent = '';
      refill(place, isFiltered ? nothing('No site is like that.') : firstSite());
      return;
    }
    const shown = table('Sites', columns, first.data);
    let cursor = first.next_cursor;
    let many = first.data.length;
    const say = () => {
      status.textContent = `${count(many, 'site')} shown${cursor === null ? '' : ', and there are more'}`;
      more.hidden = cursor === null;
    };
    const next = async () => {
      more.disabled = true;
      try {
        const page = await api.get<Page<Site>>(path(cursor), signal);
        shown.add(page.data);
        cursor = page.next_cursor;
        many += page.data.length;
        refill(problem);
        say();
      } catch (error) {
        if (!signal.aborted) refill(problem, trouble(error));
      }
      more.disabled = false;
      if (!more.hidden) more.focus();
    };
    const more: HTMLButtonElement = h('button', { onclick: () => void next() }, 'Show more');
    const problem = h('div', {});
    refill(place, shown.element, problem, h('p', { class: 'more' }, more));
    say();
  };

  const change = (name: keyof typeof wish, value: string) => {
    wish[name] = value;
    history.replaceState(null, '', `#/sites${query(wish)}`);
    clearTimeout(timer);
    timer = setTimeout(() => void load(), name === 'search' ? restMs : 0);
  };
  const search: HTMLInputElement = h('input', {
    type: 'search',
    value: wish.search,
    placeholder: 'Service, customer, e-mail or subdomain',
    'aria-label': 'Search sites',
    maxlength: 100,
    autocomplete: 'off',
    oninput: () => change('search', search.value.trim()),
  });
  const plans = h('span', { class: 'slot' });
  if (can('plans:read')) {
    api.get<Page<Schema<'Plan'>>>('/v1/plans?limit=200', signal).then(
      ({ data }) => {
        const names = data.map(({ name }) => name);
        refill(
          plans,
          select('Plan', 'All plans', names, wish.plan, (value) => change('plan', value)),
        );
      },
      // Without the plans the list can still be read and searched.
      () => {},
    );
  }
  void load();
  signal.addEventListener('abort', () => clearTimeout(timer));
  return {
    title: 'Sites',
    content: [
      h(
        'div',
        { class: 'toolbar', role: 'search' },
        search,
        select('State', 'All but deleted', states, wish.state, (value) => change('state', value)),
        plans,
      ),
      status,
      place,
    ],
  };
};
