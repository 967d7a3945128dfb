// Made by npm run generate from page/account.ts.
import { h } from "./dom.js";
import { facts, pill, section, time } from "./parts.js";
export const account = ({ who }) => {
const { panel, key, version, capabilities } = who;
const able = (is) => (is ? 'Yes' : 'No');
return {
title: 'This key',
content: [
section('Key', facts([
['Panel', panel.name],
['Key', h('code', {}, key.id)],
['Expires', key.expires_at === null ? 'Never' : time(key.expires_at)],
]), h('h3', {}, 'It may'), h('ul', { class: 'scopes' }, key.scopes.map((scope) => h('li', {}, pill(scope))))),
section('Server', facts([
['Version', version],
['Compute', capabilities.compute],
['Reverse proxy', capabilities.proxy],
['DNS', capabilities.dns],
['Backups', able(capabilities.snapshots)],
['Usage figures', able(capabilities.usage)],
['Login links', able(capabilities.logins)],
])),
],
};
};
