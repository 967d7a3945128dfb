import type { ProxmoxApi } from './api-client.ts';
import { failure } from './failure.ts';
import { guests, nodes as nodesSchema } from './schema.ts';

/** Where a new container is made, and from which container when it is a clone. */
export interface Place {
  node: string;
  cloneOf: { node: string; vmid: number } | null;
}

export type Placement = (signal: AbortSignal) => Promise<Place>;

/**
 * The node with the most free memory among those that are online and, when any
 * are named, among the named ones. A clone stays with its template, unless nodes
 * are named: another one needs storage that both can reach.
 */
export const createPlacement = (
  api: ProxmoxApi,
  { template, nodes: named }: { template: string; nodes: readonly string[] },
): Placement => {
  const roomiest = async (signal: AbortSignal): Promise<string> => {
    const online = (await api.get('/cluster/resources', nodesSchema, signal, { type: 'node' })).filter(
      ({ node, status }) => status === 'online' && (named.length === 0 || named.includes(node)),
    );
    const free = ({ mem = 0, maxmem = 0 }: (typeof online)[number]) => maxmem - mem;
    const [best] = online.sort((one, other) => free(other) - free(one) || (one.node < other.node ? -1 : 1));
    if (!best) throw failure('unavailable', 'None of the nodes for new containers is online');
    return best.node;
  };

  const templateAt = async (vmid: number, signal: AbortSignal): Promise<string> => {
    const all = await api.get('/cluster/resources', guests, signal, { type: 'vm' });
    const found = all.find((guest) => guest.vmid === vmid && guest.type === 'lxc');
    if (!found) throw failure('not_found', `The container ${vmid} that new ones are cloned from is not there`);
    return found.node;
  };

  return async (signal) => {
    if (!/^\d+$/.test(template)) return { node: await roomiest(signal), cloneOf: null };
    const vmid = Number(template);
    const node = await templateAt(vmid, signal);
    const stays = named.length === 0 || named.includes(node);
    return { node: stays ? node : await roomiest(signal), cloneOf: { node, vmid } };
  };
};
