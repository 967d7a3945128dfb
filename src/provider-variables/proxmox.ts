/** What sites on Proxmox VE are told. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { secret } from './kinds.ts';

const proxmoxName = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]*$/, 'must be a name of Proxmox');
const commas = (text: string): string[] => text.split(',').map((part) => part.trim());
const sshFingerprint = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** `pve1=10.0.0.11,pve2=10.0.0.12:2222` */
const nodeAddresses = z.string().transform((text, context) => {
  const found: Record<string, { host: string; port: number }> = {};
  for (const part of commas(text)) {
    const [, node, host, port = '22'] = /^([A-Za-z0-9.-]+)=([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(part) ?? [];
    if (node === undefined || host === undefined) {
      context.addIssue({ code: 'custom', message: 'must look like pve1=10.0.0.11,pve2=10.0.0.12:2222' });
      return z.NEVER;
    }
    found[node] = { host, port: Number(port) };
  }
  return found;
});

export const proxmox = z.object({
  PROVISOR_PROXMOX_URL: z
    .string()
    .refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', 'must begin with https://')
    .describe('Proxmox: address of its API, e.g. `https://pve1.example.com:8006`'),
  PROVISOR_PROXMOX_TOKEN_ID: z
    .string()
    .regex(/^[^\s!@=]+@[^\s!@=]+![^\s!@=]+$/, 'must look like user@realm!name')
    .describe('Proxmox: the API token, as `user@realm!name`'),
  PROVISOR_PROXMOX_TOKEN_SECRET: secret.describe('Proxmox: the secret of the API token'),
  PROVISOR_PROXMOX_FINGERPRINT: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'must be a SHA-256 fingerprint')
    .optional()
    .describe('Proxmox: SHA-256 fingerprint of its certificate; when not set, it must be signed by a known authority'),
  PROVISOR_PROXMOX_CA_FILE: z
    .string()
    .optional()
    .describe('Proxmox: file with the authority that signed its certificate, in the place of a fingerprint'),
  PROVISOR_PROXMOX_NODES: z
    .string()
    .transform(commas)
    .optional()
    .describe('Proxmox: nodes for new containers, with commas between; any that is online when not set'),
  PROVISOR_PROXMOX_TEMPLATE: z
    .string()
    .regex(/^(\d{3,9}|[A-Za-z][A-Za-z0-9._-]*:vztmpl\/[^\s/]+)$/, 'must be storage:vztmpl/file or a number')
    .describe('Proxmox: what new containers are made from: `storage:vztmpl/file`, or the number of one to clone'),
  PROVISOR_PROXMOX_STORAGE: proxmoxName.default('local-zfs').describe('Proxmox: storage for the disks of containers'),
  PROVISOR_PROXMOX_BRIDGE: proxmoxName.default('vmbr0').describe('Proxmox: bridge that containers are connected to'),
  PROVISOR_PROXMOX_GATEWAY: z
    .string()
    .refine((text) => isIPv4(text), 'must be an IPv4 address')
    .default('192.168.1.1')
    .describe('Proxmox: gateway of the network of `PROVISOR_PRIVATE_IPS`'),
  PROVISOR_PROXMOX_PREFIX: z.coerce
    .number('must be a number')
    .int()
    .min(8)
    .max(30)
    .default(24)
    .describe('Proxmox: length of the prefix of that network'),
  PROVISOR_PROXMOX_CORES: z.coerce
    .number('must be a number')
    .int()
    .min(1)
    .max(128)
    .default(1)
    .describe('Proxmox: processor cores of each container'),
  PROVISOR_PROXMOX_SITE_PORT: z.coerce
    .number('must be a number')
    .int()
    .min(1)
    .max(65535)
    .default(80)
    .describe('Proxmox: port that the web server in a container listens on'),
  PROVISOR_PROXMOX_HA: z
    .enum(['on', 'off'], 'must be one of: on, off')
    .default('off')
    .describe('Proxmox: whether containers are put under high availability'),
  PROVISOR_PROXMOX_HA_GROUP: proxmoxName
    .optional()
    .describe('Proxmox: group of high availability, up to version 8; later versions have rules of their own'),
  PROVISOR_PROXMOX_SSH_USER: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/, 'must be the name of a user')
    .default('root')
    .describe('Proxmox: user on the nodes who may run `pct exec`; any other than root through `sudo -n`'),
  PROVISOR_PROXMOX_SSH_KEY_FILE: z.string().min(1).describe("Proxmox: file with that user's private SSH key"),
  PROVISOR_PROXMOX_SSH_HOST_KEY: z
    .string()
    .transform(commas)
    .refine((keys) => keys.every((key) => sshFingerprint.test(key)), 'must be fingerprints like SHA256:…')
    .describe('Proxmox: SSH host keys of the nodes as `SHA256:…`, with commas between'),
  PROVISOR_PROXMOX_SSH_HOSTS: nodeAddresses
    .optional()
    .describe('Proxmox: SSH addresses of nodes that cannot be reached by their name, as `node=host:port`'),
  PROVISOR_PROXMOX_INSTALL_SCRIPT: z
    .string()
    .optional()
    .describe('Proxmox: file with a bash script that installs the application; one for WordPress when not set'),
});
