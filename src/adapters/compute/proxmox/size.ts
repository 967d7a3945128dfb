import type { Resources } from '../../../ports/compute.ts';
import type { ProxmoxApi } from './api-client.ts';
import type { Container } from './containers.ts';
import { refusedWith } from './failure.ts';
import { describe, type Mark } from './mark.ts';
import type { Tasks } from './tasks.ts';

const mebibytes: Record<string, number> = { '': 1 / 2 ** 20, K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 };

/** `local-zfs:subvol-101-disk-0,size=8G` → 8192. Null when it does not say. */
export const diskMbOf = (rootfs = ''): number | null => {
  const [, number, unit = ''] = /(?:^|,)size=(\d+(?:\.\d+)?)([KMGT]?)(?:,|$)/.exec(rootfs) ?? [];
  return number === undefined ? null : Number(number) * mebibytes[unit]!;
};

/** Swap is as large as the memory, and the processor's share is the same for every plan. */
export const memorySettings = ({ memoryMb }: Pick<Resources, 'memoryMb'>, cores: number) => ({
  memory: memoryMb,
  swap: memoryMb,
  cores,
});

/** Brings a container to the size that `mark` says, and writes the mark. Memory goes up or down, also while it runs; a disk only grows. */
export const createSizing = ({ api, tasks, cores }: { api: ProxmoxApi; tasks: Tasks; cores: number }) => {
  const growDisk = async ({ path, config }: Container, diskMb: number, signal: AbortSignal): Promise<void> => {
    const now = diskMbOf(config.rootfs);
    if (now !== null && now >= diskMb) return;
    try {
      const upid = await api.change('PUT', `${path}/resize`, { disk: 'rootfs', size: `${diskMb}M` }, signal);
      if (upid !== null) await tasks.finish(upid, signal);
    } catch (error) {
      // The volume is as large or larger, and the configuration did not know: so it is after a rollback on ZFS.
      if (!refusedWith(error, /already at specified size|unable to shrink disk/)) throw error;
    }
  };

  return async (
    container: Container,
    mark: Mark,
    signal: AbortSignal,
    more: Record<string, string> = {},
  ): Promise<void> => {
    const { config, path } = container;
    const wished = { ...memorySettings(mark, cores), ...more };
    const isSame =
      JSON.stringify(mark) === JSON.stringify(container.mark) &&
      config.memory === wished.memory &&
      config.swap === wished.swap &&
      config.cores === wished.cores &&
      Object.keys(more).length === 0;
    if (!isSame) await api.change('PUT', `${path}/config`, { ...wished, description: describe(mark) }, signal);
    await growDisk(container, mark.diskMb, signal);
  };
};
export type Sizing = ReturnType<typeof createSizing>;
