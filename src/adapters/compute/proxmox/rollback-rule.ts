import type { ProxmoxApi } from './api-client.ts';
import { nodes as nodesSchema, storage as storageSchema } from './schema.ts';

/**
 * What a rollback can go back to, which is a matter of the storage: a dataset of
 * ZFS goes back only to its newest snapshot (ZFSPoolPlugin.pm,
 * volume_rollback_is_possible), thin LVM, Ceph and btrfs to any.
 */
export interface RollbackRule {
  /** For the storage of new containers. `newest` while that is not known. */
  known(): 'any' | 'newest';
  learn(signal: AbortSignal): Promise<void>;
  /** For a container that has its disk there. */
  of(at: { node: string; rootfs: string | undefined }, signal: AbortSignal): Promise<'any' | 'newest'>;
}

const newestOnly = new Set(['zfspool']);

export const createRollbackRule = ({ api, storage }: { api: ProxmoxApi; storage: string }): RollbackRule => {
  const rules = new Map<string, 'any' | 'newest'>();

  const ask = async (node: string, name: string, signal: AbortSignal) => {
    const known = rules.get(name);
    if (known) return known;
    const { type } = await api.get(`/nodes/${node}/storage/${name}/status`, storageSchema, signal);
    const rule = newestOnly.has(type) ? 'newest' : 'any';
    rules.set(name, rule);
    return rule;
  };

  return {
    known: () => rules.get(storage) ?? 'newest',
    learn: async (signal) => {
      const all = await api.get('/cluster/resources', nodesSchema, signal, { type: 'node' });
      const online = all.find(({ status }) => status === 'online');
      if (online) await ask(online.node, storage, signal);
    },
    of: ({ node, rootfs = '' }, signal) => ask(node, /^([^:,]+):/.exec(rootfs)?.[1] ?? storage, signal),
  };
};
