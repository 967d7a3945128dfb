/**
 * The variables that belong to one provider each. They are required, and read,
 * only when their provider is chosen: an operator who uses Caddy need not know
 * what PowerDNS wants. A provider is added here and in adapters/registry.ts.
 */
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

export const providerVariables = {
  compute: { local: none },
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
