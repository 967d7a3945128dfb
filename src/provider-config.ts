/**
 * The variables that belong to one provider each. They are required, and read,
 * only when their provider is chosen: an operator who uses Caddy need not know
 * what PowerDNS wants. A provider is added here and in adapters/registry.ts.
 */
import { z } from 'zod';
import { cloudflare, ispconfig, powerdns } from './provider-variables/dns.ts';
import { ingress, kubernetes } from './provider-variables/kubernetes.ts';
import { caddy, nginxProxyManager, nginxSsh } from './provider-variables/proxies.ts';
import { proxmox } from './provider-variables/proxmox.ts';

const none = z.object({});

export const providerVariables = {
  compute: { local: none, kubernetes, proxmox },
  proxy: { local: none, caddy, ingress, 'nginx-ssh': nginxSsh, 'nginx-proxy-manager': nginxProxyManager },
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

/** Every variable of every provider, none of them required: for the table of deploy/configuration.md and for telling misspelt names. */
export const allProviderVariables: Record<string, z.ZodType> = Object.assign(
  {},
  ...Object.values(providerVariables).flatMap((providers) =>
    Object.values(providers).map((variables: z.ZodObject) => variables.partial().shape),
  ),
);
