/** A fake Proxmox VE cluster with a real sshd, and the adapter that speaks to both. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { createProxmoxCompute, type ProxmoxSettings } from '../../src/adapters/compute/proxmox/index.ts';
import type { Clock } from '../../src/kit/clock.ts';
import type { Log } from '../../src/kit/log.ts';
import type { Adapter } from '../../src/ports/adapter.ts';
import type { ComputeProvider } from '../../src/ports/compute.ts';
import { type FakeProxmox, startFakeProxmox } from './fake-proxmox.ts';
import { type Sshd, startSshd } from './sshd.ts';

const standIns = fileURLToPath(new URL('./stand-ins/', import.meta.url));

export interface ProxmoxBench {
  fake: FakeProxmox;
  sshd: Sshd;
  /** As the environment would say it. */
  environment: Record<string, string>;
  settings: ProxmoxSettings;
  /** Everything that the adapter logged, as text. */
  logged: string[];
  adapter(changes?: Partial<ProxmoxSettings>, clock?: Clock): Adapter<ComputeProvider>;
  close(): Promise<void>;
}

export const openProxmox = async (now?: () => number): Promise<ProxmoxBench> => {
  const dir = await mkdtemp(join(tmpdir(), 'provisor-proxmox-'));
  const containers = join(dir, 'containers');
  mkdirSync(containers);
  const fake = await startFakeProxmox(containers, now);
  const words = [join(standIns, 'pct'), containers, standIns.replace(/\/$/, '')];
  // A shell reads it, and where the project lies is anybody's choice.
  const sshd = await startSshd(dir, words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '));
  const logged: string[] = [];
  const note = (fields: object, message: string) => {
    logged.push(`${message} ${inspect(fields, { depth: null, showHidden: true })}`);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const environment = {
    PROVISOR_PROXMOX_URL: fake.url,
    PROVISOR_PROXMOX_TOKEN_ID: fake.tokenId,
    PROVISOR_PROXMOX_TOKEN_SECRET: fake.tokenSecret,
    PROVISOR_PROXMOX_FINGERPRINT: fake.fingerprint,
    PROVISOR_PROXMOX_TEMPLATE: 'local:vztmpl/wordpress.tar.zst',
    PROVISOR_PROXMOX_STORAGE: 'tank',
    PROVISOR_PROXMOX_SSH_USER: sshd.user,
    PROVISOR_PROXMOX_SSH_KEY_FILE: sshd.keyFile,
    PROVISOR_PROXMOX_SSH_HOST_KEY: sshd.hostKey,
    PROVISOR_PROXMOX_SSH_HOSTS: `pve1=127.0.0.1:${sshd.port},pve2=127.0.0.1:${sshd.port}`,
  };
  const settings: ProxmoxSettings = {
    ...environment,
    PROVISOR_PROXMOX_BRIDGE: 'vmbr0',
    PROVISOR_PROXMOX_GATEWAY: '10.0.0.1',
    PROVISOR_PROXMOX_PREFIX: 24,
    PROVISOR_PROXMOX_CORES: 1,
    PROVISOR_PROXMOX_SITE_PORT: 80,
    PROVISOR_PROXMOX_HA: 'off',
    PROVISOR_PROXMOX_SSH_HOST_KEY: [sshd.hostKey],
    PROVISOR_PROXMOX_SSH_HOSTS: {
      pve1: { host: '127.0.0.1', port: sshd.port },
      pve2: { host: '127.0.0.1', port: sshd.port },
    },
  };
  return {
    fake,
    sshd,
    environment,
    settings,
    logged,
    adapter: (changes = {}, clock) =>
      createProxmoxCompute({ ...settings, ...changes }, { log, ...(clock ? { clock } : {}) }),
    close: async () => {
      await fake.close();
      await sshd.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
