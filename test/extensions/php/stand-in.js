// Stand-in for the part of Livewire's script that our views use: wire:click,
// wire:submit, wire:model, wire:poll, downloads and redirects.
const page = document.getElementById('page');
const notice = document.getElementById('notice');

const modelOf = (field) => field.getAttribute('wire:model') ?? field.getAttribute('wire:model.live');

const fields = () => [...page.querySelectorAll('input, select, textarea')];

const send = async (method, args = [], { live = false } = {}) => {
  const typed = Object.fromEntries(fields().map((one) => [modelOf(one), one.value]));
  const { name, state } = page.dataset;
  const body = JSON.stringify({ name, state, method, arguments: args, typed: method || live ? typed : {} });
  const answer = await (await fetch(location.href, { method: 'POST', body })).json();
  page.dataset.state = answer.state;
  if (answer.html) page.innerHTML = answer.html;
  // A view need not say what is in a field: the component does.
  const values = JSON.parse(answer.state);
  if (method || live) for (const one of fields()) one.value = values[modelOf(one)];
  notice.textContent = answer.notices.map(({ type, message }) => `${type}: ${message}`).join(' ');
  if (answer.download) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([answer.download.body], { type: answer.download.type }));
    link.download = /filename=([^;]+)/.exec(answer.download.name)[1];
    link.click();
  }
  if (answer.redirect) document.body.dataset.redirect = answer.redirect;
};

// An expression of a view: a name, or a call with texts.
const run = (expression) => {
  const calls = new Proxy(
    {},
    { has: () => true, get: (_, name) => (typeof name === 'symbol' ? undefined : (...args) => send(name, args)) },
  );
  new Function('calls', `with (calls) { ${expression.includes('(') ? expression : `${expression}()`} }`)(calls);
};

page.addEventListener('click', (event) => {
  const button = event.target.closest('[wire\\:click]');
  if (button && !button.disabled) run(button.getAttribute('wire:click'));
});
page.addEventListener('change', (event) => {
  if (event.target.hasAttribute('wire:model.live')) send(null, [], { live: true });
});
page.addEventListener('submit', (event) => {
  event.preventDefault();
  run(event.target.getAttribute('wire:submit.prevent'));
});
const poll = async () => {
  const every = page.firstElementChild.getAttributeNames().find((name) => name.startsWith('wire:poll.'));
  if (every === 'wire:poll.3s') await send(null);
  setTimeout(poll, 300);
};
poll();
