/** Asks for a key, tries it, and hands it on. It is kept nowhere here. */
import { createApi, type Refusal, type Whoami } from './api.ts';
import { h, refill } from './dom.ts';
import { trouble } from './parts.ts';

export const signIn = (said: string | null, signedIn: (key: string, who: Whoami) => void): HTMLElement => {
  const field = h('input', {
    id: 'key',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
    placeholder: 'pvr_…',
    'aria-describedby': 'key-note',
  });
  const problem = h('div', { role: 'alert' }, said && h('p', { class: 'trouble' }, said));
  const button = h('button', { class: 'first' }, 'Sign in');
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (key === '' || button.disabled) return;
    button.disabled = true;
    button.textContent = 'Signing in…';
    try {
      const who = await createApi(key, { onKeyRefused: (_: Refusal) => {} }).get<Whoami>('/v1/whoami');
      field.value = '';
      signedIn(key, who);
    } catch (error) {
      refill(problem, trouble(error));
      field.select();
      field.focus();
    }
    button.disabled = false;
    button.textContent = 'Sign in';
  };
  return h(
    'main',
    { class: 'sign-in' },
    h('h1', {}, 'Provisor'),
    h(
      'form',
      { onsubmit: submit },
      h('label', { for: 'key' }, 'Key of a panel'),
      field,
      h(
        'p',
        { class: 'small', id: 'key-note' },
        'The key stays in the memory of this page. It is stored nowhere, so a reload asks for it again.',
      ),
      problem,
      button,
    ),
    h(
      'details',
      {},
      h('summary', {}, 'Where is my key?'),
      h(
        'p',
        {},
        'The first start wrote one to ',
        h('code', {}, '.provisor/panel.key'),
        '. Another one is made with ',
        h('code', {}, 'provisor keys create <panel>'),
        '.',
      ),
    ),
  );
};
