/** Parts that several views are made of. */
import type { Operation } from './api.ts';
import { Refusal } from './api.ts';
import type { Context } from './context.ts';
import { confirm } from './dialog.ts';
import { h, refill, say } from './dom.ts';
import { exactTime, fromNow, kindWords, stateWords, toneOf } from './words.ts';

export const pill = (state: string, tone: string = toneOf(state)) =>
  h('span', { class: `pill ${tone}` }, stateWords(state));

export const time = (instant: string | null) =>
  instant === null ? null : h('time', { datetime: instant, title: exactTime(instant) }, fromNow(instant));

/** Names and values, those without a value left out. */
export const facts = (pairs: [string, Node | string | number | null][]) =>
  h(
    'dl',
    { class: 'facts' },
    pairs.flatMap(([name, value]) => (value === null ? [] : [h('div', {}, h('dt', {}, name), h('dd', {}, value))])),
  );

/** What the server said, and the id under which its log has it. */
export const trouble = (error: unknown, again?: () => void) => {
  const sentence = error instanceof Error ? error.message : 'Something went wrong on this page.';
  const requestId = error instanceof Refusal ? error.requestId : null;
  return h(
    'div',
    { class: 'trouble', role: 'alert' },
    h('p', {}, sentence),
    requestId && h('p', { class: 'small' }, 'Request ', h('code', {}, requestId)),
    again && h('button', { onclick: again }, 'Try again'),
  );
};

/** A place that is filled once its data has come; the page stands before that. */
export const filled = (
  signal: AbortSignal,
  load: () => Promise<(Node | null)[]>,
): { place: HTMLElement; again: () => Promise<void>; first: Promise<void> } => {
  const place = h('div', { class: 'filled', 'aria-busy': 'true' }, h('p', { class: 'waiting' }, 'Asking the server…'));
  const again = async (): Promise<void> => {
    place.setAttribute('aria-busy', 'true');
    try {
      const children = await load();
      if (!signal.aborted) refill(place, children);
    } catch (error) {
      if (!signal.aborted)
        refill(
          place,
          trouble(error, () => void again()),
        );
    }
    place.removeAttribute('aria-busy');
  };
  return { place, again, first: again() };
};

/** A section with its heading. */
export const section = (title: string, ...children: (Node | null | false)[]) =>
  h('section', {}, h('h2', {}, title), ...children);

export interface Column<Item> {
  name: string;
  cell: (item: Item) => Node | string | number | null;
  /** `spare` is left out where there is no room. */
  kind?: 'number' | 'wide' | 'spare';
}

/** A table that stands as cards where there is no room for columns. */
export const table = <Item>(label: string, columns: Column<Item>[], items: Item[]) => {
  const row = (item: Item) =>
    h(
      'tr',
      {},
      columns.map(({ name, cell, kind }, index) =>
        h(
          index === 0 ? 'th' : 'td',
          { 'data-name': name, class: kind, ...(index === 0 ? { scope: 'row' } : {}) },
          cell(item),
        ),
      ),
    );
  const body = h('tbody', {}, items.map(row));
  const heads = columns.map(({ name, kind }) => h('th', { scope: 'col', class: kind }, name));
  const element = h('table', {}, h('caption', { class: 'unseen' }, label), h('thead', {}, h('tr', {}, heads)), body);
  return { element, add: (more: Item[]) => body.append(...more.map(row)) };
};

/** Runs what a button asks for; the button waits meanwhile, and what came of it is said. */
export const doing = async <Answer>(
  button: HTMLButtonElement,
  work: () => Promise<Answer>,
  done: (answer: Answer) => string,
): Promise<boolean> => {
  button.setAttribute('aria-disabled', 'true');
  try {
    say(done(await work()));
    return true;
  } catch (error) {
    const id = error instanceof Refusal && error.requestId ? ` (request ${error.requestId})` : '';
    say(`${(error as Error).message}${id}`, 'failed');
    return false;
  } finally {
    button.removeAttribute('aria-disabled');
  }
};

export const action = (label: string, key: string, run: (button: HTMLButtonElement) => unknown, kind = '') => {
  const press = (event: Event) => {
    const button = event.currentTarget as HTMLButtonElement;
    if (button.getAttribute('aria-disabled') !== 'true') run(button);
  };
  return h('button', { class: kind, 'data-key': key, onclick: press }, label);
};

const link = ({ kind, service_id: id }: Operation, can: Context['can']) =>
  kind.startsWith('site.') && can('sites:read') ? h('a', { href: `#/sites/${encodeURIComponent(id)}` }, id) : id;

export interface ListOptions {
  /** Whose they are is plain from the page. */
  ofOneSite?: boolean;
}

/** An operation in a list: what, of whom, how far, what it says, and what can be done about it. */
export const operationRow = (
  operation: Operation,
  { api, can }: Context,
  changed: () => void,
  { ofOneSite = false }: ListOptions = {},
) => {
  const { id, state, percent, kind, retryable } = operation;
  const words = kindWords(kind);
  const isMoving = ['running', 'undoing', 'queued', 'pending'].includes(state);
  const retry = (button: HTMLButtonElement) =>
    doing(
      button,
      () => api.post<Operation>(`/v1/operations/${id}/retry`),
      () => `${words}: it is tried again.`,
    ).then(changed);
  const cancel = async (button: HTMLButtonElement) => {
    const sentence = `${words} of ${operation.service_id} is cancelled, and what it did is taken back.`;
    if (!(await confirm({ title: 'Cancel and take back?', sentence, verb: 'Cancel it' }))) return;
    await doing(
      button,
      () => api.post(`/v1/operations/${id}/cancel`),
      () => `${words}: it is cancelled and taken back.`,
    );
    changed();
  };
  const mayCancel = isMoving && state !== 'undoing' && !operation.cancel_requested && !kind.endsWith('.delete');
  return h(
    'li',
    { class: 'operation', 'data-id': id },
    h(
      'div',
      { class: 'what' },
      h('strong', {}, words),
      !ofOneSite && h('span', { class: 'whose' }, link(operation, can)),
      pill(state),
      h('span', { class: 'when' }, time(operation.finished_at ?? operation.created_at)),
    ),
    h('p', { class: 'says' }, operation.error?.message ?? operation.message),
    (state === 'stuck' || state === 'failed') &&
      h('p', { class: 'says small' }, 'Details: ', h('code', {}, `provisor operations show ${id}`)),
    isMoving &&
      h('progress', { max: 100, value: percent, 'aria-label': `${words} of ${operation.service_id}` }, `${percent} %`),
    can('operations:write') &&
      (retryable || mayCancel) &&
      h(
        'div',
        { class: 'actions' },
        retryable && action('Try again', `retry-${id}`, retry),
        mayCancel && action('Cancel', `cancel-${id}`, cancel),
      ),
  );
};

export const operationList = (
  label: string,
  operations: Operation[],
  context: Context,
  changed: () => void,
  options: ListOptions = {},
) =>
  h(
    'ul',
    { class: 'operations', 'aria-label': label },
    operations.map((one) => operationRow(one, context, changed, options)),
  );

/** A calm line where there is nothing to show. */
export const nothing = (sentence: string, ...more: (Node | string)[]) =>
  h('p', { class: 'nothing' }, sentence, ...more);
