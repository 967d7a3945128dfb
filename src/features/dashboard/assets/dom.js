// Made by npm run generate from page/dom.ts.
export const h = (name, attributes = {}, ...children) => {
const element = document.createElement(name);
for (const [key, value] of Object.entries(attributes)) {
if (value === null || value === undefined || value === false)
continue;
if (typeof value === 'function')
element.addEventListener(key.slice(2), value);
else
element.setAttribute(key, value === true ? '' : String(value));
}
put(element, ...children.flat());
return element;
};
const put = (element, ...children) => {
for (const child of children) {
if (child === null || child === undefined || child === false)
continue;
element.append(child instanceof Node ? child : String(child));
}
};
export const refill = (element, ...children) => {
const active = document.activeElement;
const key = active && element.contains(active) ? active.getAttribute('data-key') : null;
element.replaceChildren();
put(element, ...children.flat());
if (key !== null)
element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
};
export const say = (sentence, kind = 'done') => {
const place = document.getElementById('said');
if (!place)
return;
const close = h('button', { class: 'quiet', 'aria-label': 'Close this message', onclick: () => refill(place) }, '×');
refill(place, h('p', { class: `said ${kind}` }, h('span', {}, sentence), close));
};
