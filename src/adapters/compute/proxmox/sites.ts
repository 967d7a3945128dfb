import { ProviderError } from '../../../kit/errors.ts';
import type { ComputeProvider, ComputeState, SiteSpec } from '../../../ports/compute.ts';
import type { ProxmoxApi } from './api-client.ts';
import type { Container, Containers } from './containers.ts';
import { failure } from './failure.ts';
import type { HighAvailability } from './high-availability.ts';
import { describe, isTagged, type Mark, readMark, readTags, tagsOf } from './mark.ts';
import type { Placement } from './placement.ts';
import type { Power } from './power.ts';
import { memorySettings, type Sizing } from './size.ts';
import type { Tasks } from './tasks.ts';

/** The life of a container from `create` to `destroy`. */
type SiteMethods = Pick<
  ComputeProvider,
  'create' | 'status' | 'start' | 'stop' | 'restart' | 'resize' | 'destroy' | 'list'
>;

export interface NewContainers {
  /** `storage:vztmpl/…`, or the number of a container to clone. */
  template: string;
  storage: string;
  bridge: string;
  /** Length of the network's prefix. */
  prefix: number;
  gateway: string;
  cores: number;
}

export interface SiteDeps {
  api: ProxmoxApi;
  tasks: Tasks;
  containers: Containers;
  power: Power;
  availability: HighAvailability;
  sizing: Sizing;
  placement: Placement;
  settings: NewContainers;
}

const rebootGraceSeconds = 30;
/** How many containers are asked about at a time for the sweep. */
const atOnce = 8;

/** States of the manager of high availability that lead to a running container. */
const onItsWay = new Set(['request_start', 'starting', 'migrate', 'relocate', 'recovery', 'fence']);

export const createSites = (deps: SiteDeps): SiteMethods => {
  const { api, tasks, containers, power, availability, sizing, placement, settings } = deps;

  const networkOf = ({ network }: SiteSpec): string =>
    `name=eth0,bridge=${settings.bridge},ip=${network.privateIp}/${settings.prefix},gw=${settings.gateway},type=veth`;

  const markOf = ({ name, owner, resources }: SiteSpec): Mark => ({
    name,
    panel: owner.panel,
    service: owner.service,
    ...resources,
    createdAt: Date.now(),
  });

  const begin = async (spec: SiteSpec, signal: AbortSignal): Promise<void> => {
    const common = { hostname: spec.hostname, description: describe(markOf(spec)) };
    const place = await placement(signal);
    const upid =
      place.cloneOf === null
        ? await api.change(
            'POST',
            `/nodes/${place.node}/lxc`,
            {
              ...common,
              ...memorySettings(spec.resources, settings.cores),
              vmid: spec.network.vmid,
              ostemplate: settings.template,
              // In GiB, with a fraction where there is one.
              rootfs: `${settings.storage}:${spec.resources.diskMb / 1024}`,
              net0: networkOf(spec),
              tags: tagsOf(spec.name),
              unprivileged: 1,
              // systemd in an unprivileged container needs it.
              features: 'nesting=1',
              onboot: 1,
            },
            signal,
          )
        : await api.change(
            'POST',
            `/nodes/${place.cloneOf.node}/lxc/${place.cloneOf.vmid}/clone`,
            {
              ...common,
              newid: spec.network.vmid,
              storage: settings.storage,
              full: 1,
              ...(place.node === place.cloneOf.node ? {} : { target: place.node }),
            },
            signal,
          );
    if (upid !== null) await tasks.finish(upid, signal);
  };

  /** The container of the spec, made unless it is there. A task that was lost, or lost a race, is judged by what is there. */
  const ensure = async (spec: SiteSpec, signal: AbortSignal): Promise<Container> => {
    const ref = { name: spec.name, vmid: spec.network.vmid };
    const found = await containers.free(ref, signal);
    if (found) return found;
    try {
      await begin(spec, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError)) throw error;
      if (error.kind !== 'unknown_outcome' && error.kind !== 'conflict') throw error;
      const made = await containers.free(ref, signal);
      // A number that is taken by what this token may not see stays a conflict.
      if (!made) throw error;
      return made;
    }
    return containers.requireFree(ref, signal);
  };

  const stateOf = (container: Container, { status, ha }: Awaited<ReturnType<Power['look']>>): ComputeState => {
    if (status === 'running') return 'running';
    const isComing = container.config.lock === 'create' || (ha?.managed === true && onItsWay.has(ha.state ?? ''));
    return isComing ? 'starting' : 'stopped';
  };

  const createdOf = async (guest: { vmid: number; node: string }, signal: AbortSignal) => {
    const config = await containers.read(guest, signal);
    const mark = readMark(config?.description);
    return mark ? [{ name: mark.name, createdAt: mark.createdAt }] : [];
  };

  return {
    create: async (spec, signal) => {
      if (!(spec.network.vmid > 0) || spec.network.privateIp === '') {
        throw failure('invalid', 'A container needs a number and an address');
      }
      const container = await ensure(spec, signal);
      const { mark, config } = container;
      if (mark.panel !== spec.owner.panel || mark.service !== spec.owner.service) {
        throw failure('conflict', `The container ${container.vmid} belongs to another service`);
      }
      const address = `ip=${spec.network.privateIp}/`;
      // A clone has its template's network, size and tags until now.
      const isSet = config.net0?.includes(address) && readTags(config.tags).includes(spec.name);
      const missing: Record<string, string> = isSet
        ? {}
        : { net0: networkOf(spec), tags: tagsOf(spec.name), onboot: '1' };
      await sizing(container, mark, signal, missing);
      await availability.add(container.vmid, signal);
      await power.start(container, signal);
    },

    status: async (ref, signal) => {
      const container = await containers.find(ref, signal).catch((error: unknown): 'on its way' => {
        if (error instanceof ProviderError && error.kind === 'rate_limited') return 'on its way';
        throw error;
      });
      if (container === null) return { state: 'missing' };
      if (container === 'on its way') return { state: 'starting' };
      const now = await power.look(container, signal);
      const state = stateOf(container, now);
      if (state !== 'running') return { state, node: container.node };
      const { cpu, mem, disk, uptime } = now;
      return {
        state,
        node: container.node,
        ...(cpu === undefined ? {} : { cpu: Math.min(1, Math.max(0, cpu)) }),
        ...(mem === undefined ? {} : { memoryBytes: mem }),
        ...(disk === undefined ? {} : { diskBytes: disk }),
        ...(uptime === undefined ? {} : { uptimeSeconds: uptime }),
      };
    },

    start: async (ref, signal) => power.start(await containers.requireFree(ref, signal), signal),
    stop: async (ref, { graceSeconds }, signal) =>
      power.shutdown(await containers.requireFree(ref, signal), graceSeconds, signal),
    restart: async (ref, signal) => power.reboot(await containers.requireFree(ref, signal), rebootGraceSeconds, signal),

    resize: async (ref, { memoryMb, diskMb }, signal) => {
      const container = await containers.requireFree(ref, signal);
      const { mark } = container;
      await sizing(container, { ...mark, memoryMb, diskMb: Math.max(diskMb, mark.diskMb) }, signal);
    },

    destroy: async (ref, signal) => {
      const container = await containers.free(ref, signal);
      if (!container) return;
      // First, or the manager starts again what is stopped; and then also one in its error state can be stopped.
      await availability.remove(container.vmid, signal);
      await power.stop(container, signal);
      try {
        const upid = await api.change('DELETE', container.path, { purge: 1 }, signal);
        if (upid !== null) await tasks.finish(upid, signal);
      } catch (error) {
        if (signal.aborted || (await containers.find(ref, signal)) !== null) throw error;
      }
    },

    list: async (signal) => {
      const tagged = (await containers.guests(signal)).filter(({ type, tags }) => type === 'lxc' && isTagged(tags));
      const found: { name: string; createdAt: number }[] = [];
      for (let start = 0; start < tagged.length; start += atOnce) {
        const some = tagged.slice(start, start + atOnce);
        found.push(...(await Promise.all(some.map((guest) => createdOf(guest, signal)))).flat());
      }
      return found;
    },
  };
};
