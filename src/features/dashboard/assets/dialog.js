// Made by npm run generate from page/dialog.ts.
import { h } from "./dom.js";
let dialogs = 0;
export const confirm = ({ title, sentence, verb, type }) => new Promise((resolve) => {
const cameFrom = document.activeElement;
const key = cameFrom?.getAttribute('data-key') ?? null;
const name = `dialog-${++dialogs}`;
const go = h('button', { class: type === undefined ? 'first' : 'danger', type: 'submit' }, verb);
const field = h('input', { id: `${name}-field`, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' });
const isRight = () => type === undefined || field.value === type;
const follow = () => {
go.toggleAttribute('disabled', !isRight());
};
field.addEventListener('input', follow);
follow();
const submit = (event) => {
event.preventDefault();
if (isRight())
dialog.close('yes');
};
const dialog = h('dialog', { 'aria-labelledby': `${name}-title`, 'aria-describedby': `${name}-sentence` }, h('form', { onsubmit: submit }, h('h2', { id: `${name}-title` }, title), h('p', { id: `${name}-sentence` }, sentence), type !== undefined && h('label', { for: `${name}-field` }, 'Type ', h('code', {}, type), ' to confirm'), type !== undefined && field, h('div', { class: 'actions' }, go, h('button', { type: 'button', onclick: () => dialog.close() }, 'Leave it'))));
dialog.addEventListener('close', () => {
dialog.remove();
const again = cameFrom?.isConnected
? cameFrom
: key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
(again || document.querySelector('main h1'))?.focus();
resolve(dialog.returnValue === 'yes');
});
document.body.append(dialog);
dialog.showModal();
(type === undefined ? go : field).focus();
});
