import { ProviderError } from '../../../kit/errors.ts';
import type { ProxmoxApi } from './api-client.ts';
import { haResources } from './schema.ts';

/** Containers as resources of the cluster's high availability: `ct:<vmid>`. */
export interface HighAvailability {
  /** Puts the container under it, wished to run. There already is a success. */
  add(vmid: number, signal: AbortSignal): Promise<void>;
  /** Takes it out, whatever state the manager has it in. Missing is a success. */
  remove(vmid: number, signal: AbortSignal): Promise<void>;
}

export interface HaOptions {
  /** Groups exist up to Proxmox VE 8; from 9 on rules of the cluster name the resources. */
  group?: string | undefined;
}

const nothing: HighAvailability = { add: async () => {}, remove: async () => {} };

export const createHighAvailability = (api: ProxmoxApi, options: HaOptions | null): HighAvailability => {
  // Without the option the token need not have the right to look.
  if (!options) return nothing;

  const isThere = async (sid: string, signal: AbortSignal): Promise<boolean> =>
    (await api.get('/cluster/ha/resources', haResources, signal)).some((each) => each.sid === sid);

  const unless = async (kind: ProviderError['kind'], change: Promise<unknown>): Promise<void> => {
    try {
      await change;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind !== kind) throw error;
    }
  };

  return {
    add: async (vmid, signal) => {
      const sid = `ct:${vmid}`;
      if (await isThere(sid, signal)) return;
      const fields = { sid, state: 'started', ...(options.group === undefined ? {} : { group: options.group }) };
      await unless('conflict', api.change('POST', '/cluster/ha/resources', fields, signal));
    },
    remove: async (vmid, signal) => {
      const sid = `ct:${vmid}`;
      if (!(await isThere(sid, signal))) return;
      await unless('not_found', api.change('DELETE', `/cluster/ha/resources/${sid}`, {}, signal));
    },
  };
};
