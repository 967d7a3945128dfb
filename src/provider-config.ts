/**
 * The variables that belong to one provider each. They are required, and read,
 * only when their provider is chosen: an operator who uses Caddy need not know
 * what PowerDNS wants. A provider is added here and in adapters/registry.ts.
 */
import { isIPv4 } from 'node:net';
import { z } from 'zod';

const none = z.object({});

const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol),
    'must be an address that begins with http:// or https://',
  );
const secret = z.string().min(1);

const powerdns = z.object({
  PROVISOR_POWERDNS_URL: httpUrl.describe('PowerDNS: address of its webserver, e.g. `http://127.0.0.1:8081`'),
  PROVISOR_POWERDNS_API_KEY: secret.describe('PowerDNS: its `api-key`'),
  PROVISOR_POWERDNS_SERVER_ID: z.string().min(1).default('localhost').describe('PowerDNS: id of the server in its API'),
});

const cloudflare = z.object({
  PROVISOR_CLOUDFLARE_TOKEN: secret.describe('Cloudflare: API token'),
  PROVISOR_CLOUDFLARE_ACCOUNT_ID: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must have 32 hexadecimal digits')
    .describe('Cloudflare: account that holds the zones'),
  PROVISOR_CLOUDFLARE_URL: httpUrl
    .default('https://api.cloudflare.com/client/v4')
    .describe('Cloudflare: address of its API'),
});

const ispconfig = z.object({
  PROVISOR_ISPCONFIG_URL: httpUrl.describe('ISPConfig: address of the panel, e.g. `https://panel.example.com:8080`'),
  PROVISOR_ISPCONFIG_USER: z.string().min(1).describe('ISPConfig: remote user'),
  PROVISOR_ISPCONFIG_PASSWORD: secret.describe('ISPConfig: password of the remote user'),
  PROVISOR_ISPCONFIG_SERVER_ID: z.coerce
    .number('must be a number')
    .int()
    .min(1)
    .default(1)
    .describe('ISPConfig: id of the server that serves DNS'),
});

/** The address of a site as visitors type it; `*` stands for its host name. */
const siteUrl = (fallback: string) =>
  z
    .string()
    .regex(/^https?:\/\/\*(:\d{1,5})?\/$/, 'must look like https://*/ or http://*:8080/')
    .default(fallback);

const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean),
);

const caddy = z.object({
  PROVISOR_CADDY_ADMIN_URL: httpUrl.default('http://127.0.0.1:2019').describe('Admin API of Caddy'),
  PROVISOR_CADDY_SERVER: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be a name of letters, digits, hyphens and underscores')
    .default('srv0')
    .describe('Name of the HTTP server in the configuration of Caddy that serves the sites'),
  PROVISOR_CADDY_LISTEN: words
    .optional()
    .describe('Addresses for that server, with commas between, when Caddy has none of that name and it is to be made'),
  PROVISOR_CADDY_SITE_URL: siteUrl('https://*/').describe(
    'Address of a site behind Caddy, `*` for its host name; `http:` when Caddy is to serve plain HTTP',
  ),
});

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

const proxmox = z.object({
  PROVISOR_PROXMOX_URL: z
    .string()
    .refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', 'must begin with https://')
    .describe('Proxmox: address of its API, e.g. `https://pve1.example.com:8006`'),
  PROVISOR_PROXMOX_TOKEN_ID: z
    .string()
    .regex(/^[^\s!@=]+@[^\s!@=]+![^\s!@=]+$/, 'must look like user@realm!name')
    .describe('Proxmox: the API token, as `user@realm!name`'),
  PROVISOR_PROXMOX_TOKEN_SECRET: z.string().min(1).describe('Proxmox: the secret of the API token'),
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

export const providerVariables = {
  compute: { local: none, proxmox },
  proxy: { local: none, caddy },
  dns: { local: none, powerdns, cloudflare, ispconfig },
} as const satisfies Record<string, Record<string, z.ZodObject>>;

type Variables = typeof providerVariables;
export type PortName = keyof Variables;
export type ProviderName<P extends PortName> = keyof Variables[P] & string;

/** What each provider of a port is told by the environment. */
export type ProviderOptions<P extends PortName> = {
  [K in ProviderName<P>]: Variables[P][K] extends z.ZodObject ? z.infer<Variables[P][K]> : never;
};

/** The names to choose from, as an enum of the environment. */
export const providerNames = <P extends PortName>(port: P) => {
  const names = Object.keys(providerVariables[port]) as [ProviderName<P>, ...ProviderName<P>[]];
  return z.enum(names, `must be one of: ${names.join(', ')}`).default('local' as never);
};

/** Every variable of every provider, none of them required: for README's table and for telling misspelt names. */
export const allProviderVariables: Record<string, z.ZodType> = Object.assign(
  {},
  ...Object.values(providerVariables).flatMap((providers) =>
    Object.values(providers).map((variables: z.ZodObject) => variables.partial().shape),
  ),
);
