/** Elements out of words. Data only ever becomes text: nothing here reads markup. */

type Child = Node | string | number | null | undefined | false;
type Value = string | number | boolean | null | undefined | ((event: never) => unknown);

/** An element. `on…` are listeners, `true` is an attribute without a value, null and false are left out. */
export const h = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, Value> = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[Name] => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key.slice(2), value as EventListener);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  put(element, ...children.flat());
  return element;
};

const put = (element: Element, ...children: Child[]): void => {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
};

/** Puts other children in the place of all, and gives the focus back to what had it, by its `data-key`. */
export const refill = (element: Element, ...children: (Child | Child[])[]): void => {
  const active = document.activeElement;
  const key = active && element.contains(active) ? active.getAttribute('data-key') : null;
  element.replaceChildren();
  put(element, ...children.flat());
  if (key !== null) element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
};

/** Says something to whoever does not see the page, and at its foot to whoever does. */
export const say = (sentence: string, kind: 'done' | 'failed' = 'done'): void => {
  const place = document.getElementById('said');
  if (!place) return;
  const close = h('button', { class: 'quiet', 'aria-label': 'Close this message', onclick: () => refill(place) }, '×');
  refill(place, h('p', { class: `said ${kind}` }, h('span', {}, sentence), close));
};
