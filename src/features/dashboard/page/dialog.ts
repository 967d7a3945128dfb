/** Questions before what cannot be taken back. Escape is no; the focus goes back to where it came from. */
import { h } from './dom.ts';

export interface Question {
  title: string;
  sentence: string;
  /** The word on the button that does it. */
  verb: string;
  /** What has to be typed before it may be done, where data is destroyed. */
  type?: string;
}

let dialogs = 0;

/** Whether it was confirmed. */
export const confirm = ({ title, sentence, verb, type }: Question): Promise<boolean> =>
  new Promise((resolve) => {
    const cameFrom = document.activeElement as HTMLElement | null;
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
    const submit = (event: Event) => {
      event.preventDefault();
      if (isRight()) dialog.close('yes');
    };
    const dialog: HTMLDialogElement = h(
      'dialog',
      { 'aria-labelledby': `${name}-title`, 'aria-describedby': `${name}-sentence` },
      h(
        'form',
        { onsubmit: submit },
        h('h2', { id: `${name}-title` }, title),
        h('p', { id: `${name}-sentence` }, sentence),
        type !== undefined && h('label', { for: `${name}-field` }, 'Type ', h('code', {}, type), ' to confirm'),
        type !== undefined && field,
        h('div', { class: 'actions' }, go, h('button', { type: 'button', onclick: () => dialog.close() }, 'Leave it')),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      // What asked may have been drawn anew meanwhile.
      const again = cameFrom?.isConnected
        ? cameFrom
        : key && document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
      (again || document.querySelector<HTMLElement>('main h1'))?.focus();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
    (type === undefined ? go : field).focus();
  });
