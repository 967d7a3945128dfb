import { readFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../../kit/clock.ts';
import type { Log } from '../../../kit/log.ts';
import type { Adapter } from '../../../ports/adapter.ts';
import type { ComputeProvider } from '../../../ports/compute.ts';
import { createApi } from './api-client.ts';
import { createApplication } from './application.ts';
import { createContainers } from './containers.ts';
import { failure, provider } from './failure.ts';
import { createGuest } from './guest.ts';
import { createHighAvailability } from './high-availability.ts';
import { createPlacement } from './placement.ts';
import { createPower } from './power.ts';
import { createRollbackRule } from './rollback-rule.ts';
import { createSiteSnapshots } from './site-snapshots.ts';
import { createSites } from './sites.ts';
import { createSizing } from './size.ts';
import { createTasks } from './tasks.ts';

/**
 * Sites as LXC containers of a Proxmox VE cluster. The API makes, switches and
 * copies them; what has to be done inside goes over SSH to `pct exec`. Facts about
 * Proxmox are from its own sources (pve-container, pve-guest-common, pve-storage,
 * pve-ha-manager, pve-manager); what was relied on is named where it matters.
 */

/** What the environment says; the names are in provider-config.ts. */
export interface ProxmoxSettings {
  PROVISOR_PROXMOX_URL: string;
  PROVISOR_PROXMOX_TOKEN_ID: string;
  PROVISOR_PROXMOX_TOKEN_SECRET: string;
  PROVISOR_PROXMOX_FINGERPRINT?: string | undefined;
  PROVISOR_PROXMOX_CA_FILE?: string | undefined;
  PROVISOR_PROXMOX_NODES?: string[] | undefined;
  PROVISOR_PROXMOX_TEMPLATE: string;
  PROVISOR_PROXMOX_STORAGE: string;
  PROVISOR_PROXMOX_BRIDGE: string;
  PROVISOR_PROXMOX_GATEWAY: string;
  PROVISOR_PROXMOX_PREFIX: number;
  PROVISOR_PROXMOX_CORES: number;
  PROVISOR_PROXMOX_SITE_PORT: number;
  PROVISOR_PROXMOX_HA: 'on' | 'off';
  PROVISOR_PROXMOX_HA_GROUP?: string | undefined;
  PROVISOR_PROXMOX_SSH_USER: string;
  PROVISOR_PROXMOX_SSH_KEY_FILE: string;
  PROVISOR_PROXMOX_SSH_HOST_KEY: string[];
  PROVISOR_PROXMOX_SSH_HOSTS?: Record<string, { host: string; port: number }> | undefined;
  PROVISOR_PROXMOX_INSTALL_SCRIPT?: string | undefined;
}

/** How long a start waits for Proxmox. */
const openTimeoutMs = 5_000;

const textOf = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8');

/** Every call makes its own connection. Errors: when a file that the settings name cannot be read. */
export const createProxmoxCompute = (
  settings: ProxmoxSettings,
  { log, clock = systemClock }: { log: Log; clock?: Clock },
): Adapter<ComputeProvider> => {
  const api = createApi({
    url: settings.PROVISOR_PROXMOX_URL,
    tokenId: settings.PROVISOR_PROXMOX_TOKEN_ID,
    tokenSecret: settings.PROVISOR_PROXMOX_TOKEN_SECRET,
    trust: {
      fingerprint: settings.PROVISOR_PROXMOX_FINGERPRINT,
      ca: textOf(settings.PROVISOR_PROXMOX_CA_FILE),
    },
    clock,
  });
  const tasks = createTasks({ api, clock, log });
  const containers = createContainers({ api, tasks });
  const power = createPower({ api, tasks, clock });
  const sizing = createSizing({ api, tasks, cores: settings.PROVISOR_PROXMOX_CORES });
  const guest = createGuest({
    user: settings.PROVISOR_PROXMOX_SSH_USER,
    keyFile: settings.PROVISOR_PROXMOX_SSH_KEY_FILE,
    hostKeys: settings.PROVISOR_PROXMOX_SSH_HOST_KEY,
    hosts: settings.PROVISOR_PROXMOX_SSH_HOSTS ?? {},
    clock,
  });
  const rollbackRule = createRollbackRule({ api, storage: settings.PROVISOR_PROXMOX_STORAGE });

  const port: ComputeProvider = {
    id: provider,
    capabilities: {
      snapshots: true,
      get rollbackTo() {
        return rollbackRule.known();
      },
      onlineResize: true,
      usage: true,
      logins: true,
    },
    ...createSites({
      api,
      tasks,
      containers,
      power,
      sizing,
      availability: createHighAvailability(
        api,
        settings.PROVISOR_PROXMOX_HA === 'on' ? { group: settings.PROVISOR_PROXMOX_HA_GROUP } : null,
      ),
      placement: createPlacement(api, {
        template: settings.PROVISOR_PROXMOX_TEMPLATE,
        nodes: settings.PROVISOR_PROXMOX_NODES ?? [],
      }),
      settings: {
        template: settings.PROVISOR_PROXMOX_TEMPLATE,
        storage: settings.PROVISOR_PROXMOX_STORAGE,
        bridge: settings.PROVISOR_PROXMOX_BRIDGE,
        prefix: settings.PROVISOR_PROXMOX_PREFIX,
        gateway: settings.PROVISOR_PROXMOX_GATEWAY,
        cores: settings.PROVISOR_PROXMOX_CORES,
      },
    }),
    ...createSiteSnapshots({ api, tasks, containers, power, sizing, rollbackRule }),
    ...createApplication({
      containers,
      power,
      guest,
      clock,
      installScript: textOf(settings.PROVISOR_PROXMOX_INSTALL_SCRIPT),
    }),
    upstream: ({ name, privateIp }) => {
      if (!privateIp) throw failure('invalid', `The site ${name} has no address`);
      return { scheme: 'http', host: privateIp, port: settings.PROVISOR_PROXMOX_SITE_PORT };
    },
  };

  return {
    port,
    // An outage now is no reason not to serve; the rule is learnt with the first snapshot then.
    open: () =>
      rollbackRule.learn(AbortSignal.timeout(openTimeoutMs)).catch((error: unknown) => {
        log.warn(
          { err: error },
          'Proxmox did not say what kind of storage it has; rollbacks go to the newest snapshot only',
        );
      }),
  };
};
