// Stand-in for the part of Livewire's script that our views use: wire:click,
// wire:submit, wire:model and wire:poll.
const page = document.getElementById('page');
const notice = document.getElementById('notice');

const send = async (method, args = []) => {
  const typed = Object.fromEntries(
    [...page.querySelectorAll('input')].map((one) => [one.getAttribute('wire:model'), one.value]),
  );
  const body = JSON.stringify({ state: page.dataset.state, method, arguments: args, typed: method ? typed : {} });
  const answer = await (await fetch(location.href, { method: 'POST', body })).json();
  page.dataset.state = answer.state;
  page.innerHTML = answer.html;
  notice.textContent = answer.notices.map(({ type, message }) => `${type}: ${message}`).join(' ');
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
