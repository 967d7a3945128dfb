import type { ComputeRef } from '../../../ports/compute.ts';
import type { ProxmoxApi } from './api-client.ts';
import { busy, failure, refusedWith } from './failure.ts';
import { type Mark, readMark, readTags } from './mark.ts';
import { type ContainerConfig, config as configSchema, guests } from './schema.ts';
import type { Tasks } from './tasks.ts';

/**
 * Finding a site's container. High availability moves containers between nodes,
 * so where it is is asked every time and never remembered.
 */
export interface Container {
  vmid: number;
  node: string;
  /** `/nodes/{node}/lxc/{vmid}` */
  path: string;
  config: ContainerConfig;
  mark: Mark;
}

export interface Containers {
  /**
   * The site's container, or null. Errors: `conflict` when its number, or its name, is another's;
   * `rate_limited` while it is being created or moved, and so cannot be looked at.
   */
  find(ref: ComputeRef, signal: AbortSignal): Promise<Container | null>;
  /** The same for one that must be there. Errors: also `not_found`. */
  require(ref: ComputeRef, signal: AbortSignal): Promise<Container>;
  /** The same once nothing is at work on it any more. Errors: also `rate_limited` when it stays locked. */
  free(ref: ComputeRef, signal: AbortSignal): Promise<Container | null>;
  requireFree(ref: ComputeRef, signal: AbortSignal): Promise<Container>;
  /** Every guest that this token may see. */
  guests(signal: AbortSignal): Promise<Guest[]>;
  /** The configuration of a guest, or null when it went away or moved meanwhile. */
  read(guest: Pick<Guest, 'node' | 'vmid'>, signal: AbortSignal): Promise<ContainerConfig | null>;
}

type Guest = { vmid: number; node: string; type: 'lxc' | 'qemu'; tags?: string | undefined };

const siteName = /^[a-z0-9-]{1,63}$/;

/** Throws `invalid` unless `name` can be a site's, and so a tag of Proxmox. */
export const checkSiteName = (name: string): void => {
  if (!siteName.test(name) || !/^[a-z0-9]/.test(name)) throw failure('invalid', 'That cannot be the name of a site');
};

export const containerPath = ({ node, vmid }: Pick<Guest, 'node' | 'vmid'>): string => `/nodes/${node}/lxc/${vmid}`;

export const createContainers = ({ api, tasks }: { api: ProxmoxApi; tasks: Tasks }): Containers => {
  const list: Containers['guests'] = (signal) => api.get('/cluster/resources', guests, signal, { type: 'vm' });

  const read: Containers['read'] = async (guest, signal) => {
    try {
      return await api.get(`${containerPath(guest)}/config`, configSchema, signal);
    } catch (error) {
      if (refusedWith(error, /configuration file .* does not exist/i)) return null;
      throw error;
    }
  };

  // A sweep knows only the name of what it found.
  const isMeant = (ref: ComputeRef, guest: Guest): boolean =>
    ref.vmid > 0 ? guest.vmid === ref.vmid : readTags(guest.tags).includes(ref.name);

  const foreign = ({ vmid }: Guest) => failure('conflict', `The guest ${vmid} is not a site of ours`);

  /** Where it is, and how it is configured; the mark is still to be looked at. */
  const locate = async (ref: ComputeRef, signal: AbortSignal) => {
    checkSiteName(ref.name);
    // Twice, for one that moves to another node between the two questions.
    for (let look = 1; look <= 2; look++) {
      const guest = (await list(signal)).find((each) => isMeant(ref, each));
      if (!guest) return null;
      if (guest.type !== 'lxc') throw foreign(guest);
      const config = await read(guest, signal);
      if (config) return { guest, config };
    }
    throw busy(`The container of ${ref.name} is on its way to another node`);
  };

  const ours = (ref: ComputeRef, { guest, config }: { guest: Guest; config: ContainerConfig }): Container => {
    const mark = readMark(config.description);
    if (!mark && config.lock === 'create') throw busy(`CT ${guest.vmid} is still being created`);
    if (mark?.name !== ref.name) throw foreign(guest);
    return { vmid: guest.vmid, node: guest.node, path: containerPath(guest), config, mark };
  };

  const find: Containers['find'] = async (ref, signal) => {
    const found = await locate(ref, signal);
    return found && ours(ref, found);
  };

  const free: Containers['free'] = async (ref, signal) => {
    let found = await locate(ref, signal);
    // While a container is being created its mark is not written yet: nobody can say whose it is before that ends.
    if (found?.config.lock !== undefined) {
      await tasks.quiet(found.guest.node, found.guest.vmid, signal);
      found = await locate(ref, signal);
    }
    if (!found) return null;
    const { guest, config } = found;
    if (config.lock === undefined) return ours(ref, found);
    if (readMark(config.description)?.name !== ref.name) throw foreign(guest);
    const hint = `"pct unlock ${guest.vmid}" on ${guest.node} frees it when nothing is`;
    throw busy(`CT ${guest.vmid} is locked (${config.lock}): something is at work on it; ${hint}`);
  };

  const must = (ref: ComputeRef, container: Container | null): Container => {
    if (!container) throw failure('not_found', `There is no site ${ref.name}`);
    return container;
  };

  return {
    find,
    require: async (ref, signal) => must(ref, await find(ref, signal)),
    free,
    requireFree: async (ref, signal) => must(ref, await free(ref, signal)),
    guests: list,
    read,
  };
};
