import type { ComputeProvider } from '../../../ports/compute.ts';
import type { ProxmoxApi } from './api-client.ts';
import type { Container, Containers } from './containers.ts';
import { failure } from './failure.ts';
import type { Power } from './power.ts';
import type { RollbackRule } from './rollback-rule.ts';
import { type ListedSnapshot, snapshots as snapshotsSchema } from './schema.ts';
import type { Sizing } from './size.ts';
import type { Tasks } from './tasks.ts';

type SnapshotMethods = Pick<ComputeProvider, 'createSnapshot' | 'listSnapshots' | 'deleteSnapshot' | 'rollback'>;

export interface SnapshotDeps {
  api: ProxmoxApi;
  tasks: Tasks;
  containers: Containers;
  power: Power;
  sizing: Sizing;
  rollbackRule: RollbackRule;
}

// pve-configid, at most 40 characters (JSONSchema.pm), without the names that Proxmox keeps for itself.
const snapshotName = /^[A-Za-z][A-Za-z0-9_-]{1,39}$/;
const reserved = new Set(['current', 'vzdump', 'pending']);

const checkName = (name: string): void => {
  if (!snapshotName.test(name) || reserved.has(name)) throw failure('invalid', 'That cannot be the name of a snapshot');
};

const isWhole = ({ name, snapstate }: ListedSnapshot): boolean => name !== 'current' && snapstate === undefined;

/** Names of those made later. Of two in the same second the later one names the other as its parent. */
const newerThan = (snapshot: ListedSnapshot, all: ListedSnapshot[]): string[] =>
  all
    .filter(({ name }) => name !== 'current' && name !== snapshot.name)
    .filter(({ parent, snaptime = 0 }) => parent === snapshot.name || snaptime > (snapshot.snaptime ?? 0))
    .map(({ name }) => name);

export const createSiteSnapshots = (deps: SnapshotDeps): SnapshotMethods => {
  const { api, tasks, containers, power, sizing, rollbackRule } = deps;

  const listOf = ({ path }: Container, signal: AbortSignal): Promise<ListedSnapshot[]> =>
    api.get(`${path}/snapshot`, snapshotsSchema, signal);

  const findIn = async (container: Container, name: string, signal: AbortSignal) =>
    (await listOf(container, signal)).find((each) => each.name === name);

  const remove = async (container: Container, name: string, signal: AbortSignal): Promise<void> => {
    try {
      const upid = await api.change('DELETE', `${container.path}/snapshot/${name}`, {}, signal);
      if (upid !== null) await tasks.finish(upid, signal);
    } catch (error) {
      if (signal.aborted || (await findIn(container, name, signal)) !== undefined) throw error;
    }
  };

  return {
    createSnapshot: async (ref, name, signal) => {
      checkName(name);
      const container = await containers.requireFree(ref, signal);
      const there = await findIn(container, name, signal);
      if (there && isWhole(there)) return;
      // Nothing is at work on the container, so this one was cut off.
      if (there) await remove(container, name, signal);
      try {
        const upid = await api.change('POST', `${container.path}/snapshot`, { snapname: name }, signal);
        if (upid !== null) await tasks.finish(upid, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const made = await findIn(container, name, signal);
        if (!made || !isWhole(made)) throw error;
      }
    },

    listSnapshots: async (ref, signal) => {
      const all = await listOf(await containers.require(ref, signal), signal);
      return all
        .filter(isWhole)
        .map(({ name, snaptime = 0 }) => ({ name, createdAt: snaptime * 1_000 }))
        .sort((one, other) => one.createdAt - other.createdAt);
    },

    deleteSnapshot: async (ref, name, signal) => {
      checkName(name);
      const container = await containers.free(ref, signal);
      if (container && (await findIn(container, name, signal))) await remove(container, name, signal);
    },

    rollback: async (ref, name, signal) => {
      checkName(name);
      const container = await containers.requireFree(ref, signal);
      const all = await listOf(container, signal);
      const wished = all.find((each) => each.name === name);
      if (!wished || !isWhole(wished)) throw failure('not_found', `The site ${ref.name} has no snapshot ${name}`);
      const newer = newerThan(wished, all);
      const place = { node: container.node, rootfs: container.config.rootfs };
      if (newer.length > 0 && (await rollbackRule.of(place, signal)) === 'newest') {
        throw failure(
          'invalid',
          `The storage goes back to its newest snapshot only, and there are newer ones than ${name}: ${newer.join(', ')}`,
        );
      }
      // Switched off by its own call first, so that high availability does not start it in the middle.
      await power.stop(container, signal);
      // A task that was lost is not judged by what is there, because nothing tells a rollback from none: it is done again.
      const upid = await api.change('POST', `${container.path}/snapshot/${name}/rollback`, {}, signal);
      if (upid !== null) await tasks.finish(upid, signal);
      // The size that the plan gives now, not the one at the time of the snapshot.
      const back = await containers.requireFree(ref, signal);
      await sizing(back, back.mark, signal);
    },
  };
};
