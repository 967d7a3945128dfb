/** Whose key this is, what it may do, and what this server can. */
import type { Context, View } from './context.ts';
import { h } from './dom.ts';
import { facts, pill, section, time } from './parts.ts';

export const account = ({ who }: Context): View => {
  const { panel, key, version, capabilities } = who;
  const able = (is: boolean) => (is ? 'Yes' : 'No');
  return {
    title: 'This key',
    content: [
      section(
        'Key',
        facts([
          ['Panel', panel.name],
          ['Key', h('code', {}, key.id)],
          ['Expires', key.expires_at === null ? 'Never' : time(key.expires_at)],
        ]),
        h('h3', {}, 'It may'),
        h(
          'ul',
          { class: 'scopes' },
          key.scopes.map((scope) => h('li', {}, pill(scope))),
        ),
      ),
      section(
        'Server',
        facts([
          ['Version', version],
          ['Compute', capabilities.compute],
          ['Reverse proxy', capabilities.proxy],
          ['DNS', capabilities.dns],
          ['Backups', able(capabilities.snapshots)],
          ['Usage figures', able(capabilities.usage)],
          ['Login links', able(capabilities.logins)],
        ]),
      ),
    ],
  };
};
