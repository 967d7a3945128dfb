/** What is under way, what was done, and what could not be. */
import { type Operation, type Page, query } from './api.ts';
import type { Context, View } from './context.ts';
import { h, refill } from './dom.ts';
import { runningNow } from './overview.ts';
import { filled, type ListOptions, nothing, operationList, operationRow, section, trouble } from './parts.ts';

/** A list that grows by its button, a page at a time. */
export const pagedOperations = (
  context: Context,
  path: (cursor: string | null) => string,
  empty: string,
  options: ListOptions = {},
): ReturnType<typeof filled> => {
  const { api, signal } = context;
  return filled(signal, async function load(): Promise<Node[]> {
    const first = await api.get<Page<Operation>>(path(null), signal);
    if (first.data.length === 0) return [nothing(empty)];
    const refresh = async () => void refill(list.parentElement!, await load());
    const list = operationList('Operations', first.data, context, () => void refresh(), options);
    let cursor = first.next_cursor;
    const problem = h('div', {});
    const next = async () => {
      more.disabled = true;
      try {
        const page = await api.get<Page<Operation>>(path(cursor), signal);
        list.append(...page.data.map((one) => operationRow(one, context, () => void refresh(), options)));
        cursor = page.next_cursor;
        refill(problem);
      } catch (error) {
        if (!signal.aborted) refill(problem, trouble(error));
      }
      more.disabled = false;
      more.hidden = cursor === null;
      if (!more.hidden) more.focus();
    };
    const more: HTMLButtonElement = h('button', { onclick: () => void next() }, 'Show more');
    more.hidden = cursor === null;
    return [list, problem, h('p', { class: 'more' }, more)];
  });
};

export const operations = (context: Context): View => {
  const { live, signal } = context;
  const past = pagedOperations(
    context,
    (cursor) => `/v1/operations${query({ limit: 30, state: 'done', cursor })}`,
    'Nothing has been done yet.',
  );
  let due: number | undefined;
  const stop = live.listen((ended) => {
    if (!ended) return;
    clearTimeout(due);
    due = setTimeout(() => void past.again(), 500);
  });
  signal.addEventListener('abort', () => {
    stop();
    clearTimeout(due);
  });
  return { title: 'Operations', content: [section('Under way', runningNow(context)), section('Done', past.place)] };
};

export const failures = (context: Context): View => {
  const list = (state: string, empty: string) =>
    pagedOperations(context, (cursor) => `/v1/operations${query({ limit: 30, state, cursor })}`, empty).place;
  return {
    title: 'Failures',
    content: [
      section(
        'Stuck',
        h(
          'p',
          { class: 'lead' },
          'These wait for you: they could be finished neither forward nor back. Try again once the cause is mended.',
        ),
        list('stuck', 'None is stuck.'),
      ),
      section(
        'Failed',
        h('p', { class: 'lead' }, 'These were taken back; nothing of them is left outside.'),
        list('failed', 'None has failed.'),
      ),
    ],
  };
};
