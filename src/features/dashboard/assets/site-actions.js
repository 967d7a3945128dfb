// Made by npm run generate from page/site-actions.ts.
import { at } from "./api.js";
import { confirm } from "./dialog.js";
import { h } from "./dom.js";
import { action, doing } from "./parts.js";
const deedsOf = (site) => [
{ label: 'Restart', when: ['active'], path: '/actions/restart', said: 'It restarts.' },
{ label: 'Start', when: ['stopped'], path: '/actions/start', said: 'It starts.' },
{ label: 'Stop', when: ['active'], path: '/actions/stop', said: 'It stops.' },
{
label: site.proxy_enabled ? 'Keep visitors out' : 'Let visitors in',
when: ['active', 'stopped'],
path: '/proxy',
body: { enabled: !site.proxy_enabled },
said: site.proxy_enabled ? 'Visitors are kept out.' : 'Visitors are let in.',
},
{ label: 'Make a backup', when: ['active', 'stopped'], path: '/backups', said: 'A backup is made.' },
{
label: 'Suspend',
when: ['active', 'stopped'],
path: '/suspend',
said: 'It is suspended.',
ask: {
title: 'Suspend this site?',
sentence: 'Visitors see that it is suspended, and it stops. Nothing is deleted.',
verb: 'Suspend it',
},
},
{ label: 'Unsuspend', when: ['suspended'], path: '/unsuspend', said: 'It comes back.' },
{
label: 'Reset',
when: ['active', 'stopped'],
path: '/actions/reset',
said: 'It goes back to how it was made.',
destroys: true,
ask: {
title: 'Reset this site?',
sentence: 'Its data goes back to how it was right after it was made. Everything since is lost.',
verb: 'Reset it',
},
},
{
label: 'Delete',
when: ['creating', 'active', 'stopped', 'suspended', 'failed'],
path: '',
method: 'DELETE',
said: 'It is deleted.',
destroys: true,
ask: {
title: 'Delete this site?',
sentence: 'The site, its data, its backups and its names go. This cannot be taken back.',
verb: 'Delete it for good',
},
},
];
export const siteActions = (site, { api, can }, changed) => {
if (!can('sites:write'))
return null;
const id = site.service_id;
const run = async (deed, button) => {
if (deed.ask && !(await confirm({ ...deed.ask, ...(deed.destroys ? { type: id } : {}) })))
return;
const path = at `/v1/sites/${id}` + deed.path;
const call = () => (deed.method === 'DELETE' ? api.remove(path) : api.post(path, deed.body));
await doing(button, call, () => `${id}: ${deed.said}`);
await changed();
};
const buttons = deedsOf(site)
.filter(({ when }) => when.includes(site.state))
.map((deed) => action(deed.label, `deed-${deed.label}`, (button) => run(deed, button), deed.destroys ? 'destroys' : ''));
return h('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' }, buttons);
};
export const planChange = async (site, { api, can, signal }, changed) => {
if (!can('sites:write') || !can('plans:read') || site.state !== 'active')
return null;
const { data } = await api.get('/v1/plans?limit=200', signal);
const others = data.filter(({ name }) => name !== site.plan);
if (others.length === 0)
return null;
const choice = h('select', { 'aria-label': 'Another plan', 'data-key': 'plan' });
for (const { name } of others)
choice.append(h('option', { value: name }, name));
const move = async (button) => {
const path = at `/v1/sites/${site.service_id}/upgrade`;
await doing(button, () => api.post(path, { plan: choice.value }), () => `It moves to ${choice.value}.`);
await changed();
};
return h('div', { class: 'inline' }, choice, action('Change plan', 'change-plan', move));
};
export const backupActions = (site, backup, { api, can }, changed) => {
const may = can('sites:write') && backup.state === 'ready' && ['active', 'stopped'].includes(site.state);
if (!may)
return null;
const { name } = backup;
const path = at `/v1/sites/${site.service_id}/backups/${name}`;
const rollBack = async (button) => {
const question = {
title: `Roll back to ${name}?`,
sentence: 'The data of the site is replaced whole. How it is now is kept as “safety”, until the next rollback.',
verb: 'Roll back',
type: site.service_id,
};
if (!(await confirm(question)))
return;
await doing(button, () => api.post(`${path}/rollback`), () => `It goes back to ${name}.`);
await changed();
};
const remove = async (button) => {
const sentence = 'The copy goes. This cannot be taken back.';
if (!(await confirm({ title: `Delete ${name}?`, sentence, verb: 'Delete it for good', type: name })))
return;
await doing(button, () => api.remove(path), () => `${name} is deleted.`);
await changed();
};
return h('div', { class: 'actions' }, action('Roll back', `rollback-${name}`, rollBack, 'quiet'), name.startsWith('BAK') && action('Delete', `delete-${name}`, remove, 'quiet'));
};
