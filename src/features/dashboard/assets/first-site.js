// Made by npm run generate from page/first-site.ts.
import { h } from "./dom.js";
const command = () => [
`curl -s ${location.origin}/v1/sites -H "Authorization: Bearer $(cat .provisor/panel.key)" \\`,
`  -H 'Content-Type: application/json' -H 'Prefer: wait=20' \\`,
`  -d '{"service_id":"1001","email":"alice@example.com","plan":"basic"}'`,
].join('\n');
export const firstSite = () => h('div', { class: 'welcome' }, h('h2', {}, 'Make the first site'), h('p', {}, 'There is no site yet. A billing panel makes one when an order is paid; this call does the same:'), h('pre', { tabindex: 0, 'aria-label': 'The call that makes a first site' }, h('code', {}, command())), h('p', {}, 'It shows up here by itself. The ', h('a', { href: '/docs' }, 'reference'), ' has all other calls.'));
