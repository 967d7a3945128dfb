/** The adapter for Proxmox VE: conformance, against a fake of its API and a real sshd. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeSuite } from '../conformance/compute.suite.ts';
import { openProxmox } from '../support/proxmox.ts';

const proxmoxBench = async (changes: { template?: string; ha?: boolean } = {}) => {
  const { fake, adapter, logged, close } = await openProxmox();
  const { world } = fake;
  if (changes.template) {
    world.add({
      vmid: Number(changes.template),
      type: 'lxc',
      node: 'pve1',
      status: 'stopped',
      config: { hostname: 'template', rootfs: 'tank:base-900-disk-0,size=1G', memory: 64, net0: 'name=eth0' },
    });
  }
  const settings = {
    ...(changes.template ? { PROVISOR_PROXMOX_TEMPLATE: changes.template } : {}),
    ...(changes.ha ? { PROVISOR_PROXMOX_HA: 'on' as const } : {}),
  };
  const dataFile = (vmid: number) => join(world.rootOf(vmid), 'var/www/html/data');
  return {
    port: adapter(settings).port,
    down: async () => {
      await fake.close();
      return { port: adapter(settings).port, secrets: [fake.tokenSecret] };
    },
    logged: () => logged.join('\n'),
    loseNextAnswer: () => fake.loseAnswer(/^(POST|PUT|DELETE) /),
    placeForeign: async ({ network }: { network: { vmid: number } }) => {
      const { vmid } = network;
      world.add({
        vmid,
        type: 'lxc',
        node: 'pve1',
        status: 'running',
        config: { hostname: 'mail', description: 'Mail' },
      });
      await writeFile(join(world.rootOf(vmid), 'mailbox'), 'not ours');
      return async () => [
        structuredClone(world.guests.get(vmid)),
        await readFile(join(world.rootOf(vmid), 'mailbox'), 'utf8'),
      ];
    },
    data: {
      write: async ({ vmid }: { vmid: number }, text: string) => {
        await mkdir(join(dataFile(vmid), '..'), { recursive: true });
        await writeFile(dataFile(vmid), text);
      },
      read: ({ vmid }: { vmid: number }) => readFile(dataFile(vmid), 'utf8').catch(() => null),
    },
    requests: {
      count: () => fake.requests.length,
      onNext: (n: number, task: () => void) => {
        const at = fake.requests.length + n;
        fake.onRequest = () => {
          if (fake.requests.length === at) task();
        };
      },
    },
    sizeOf: async ({ vmid }: { vmid: number }) => {
      const { memory, rootfs } = world.guests.get(vmid)!.config;
      return { memoryMb: Number(memory), diskMb: Number(/size=(\d+)M/.exec(String(rootfs))?.[1]) };
    },
    close,
  };
};

computeSuite('compute/proxmox, from a template', () => proxmoxBench());
computeSuite('compute/proxmox, cloned and under high availability', () => proxmoxBench({ template: '900', ha: true }));
