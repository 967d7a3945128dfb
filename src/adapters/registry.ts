/**
 * Which adapters there are: an explicit map from port and provider to its factory.
 * An adapter is loaded only when it is chosen: some bring large packages along.
 */
import type { Log } from '../kit/log.ts';
import type { Adapter } from '../ports/adapter.ts';
import type { ComputeProvider } from '../ports/compute.ts';
import type { DnsProvider } from '../ports/dns.ts';
import type { ReverseProxy } from '../ports/proxy.ts';
import type { ProviderOptions } from '../provider-config.ts';

/** What every factory is given, beside the options of its provider; each takes what it needs. */
export interface AdapterSettings {
  dataDir: string;
  host: string;
  sitesPort: number;
  dnsPort: number;
  log: Log;
}

type ComputeOptions = ProviderOptions<'compute'>;
type ProxyOptions = ProviderOptions<'proxy'>;
type DnsOptions = ProviderOptions<'dns'>;

const connectionOf = (given: ComputeOptions['kubernetes'] | ProxyOptions['ingress']) => ({
  config: given.PROVISOR_KUBERNETES_CONFIG,
  context: given.PROVISOR_KUBERNETES_CONTEXT,
});

type Factories<Port> = Record<string, (settings: AdapterSettings, options: never) => Promise<Adapter<Port>>>;

export const computeAdapters = {
  local: async ({ dataDir, log }: AdapterSettings) => {
    const { createLocalCompute } = await import('./compute/local/index.ts');
    return createLocalCompute({ dataDir, log });
  },
  proxmox: async ({ log }: AdapterSettings, options: ComputeOptions['proxmox']) => {
    const { createProxmoxCompute } = await import('./compute/proxmox/index.ts');
    return createProxmoxCompute(options, { log });
  },
  kubernetes: async (_settings: AdapterSettings, given: ComputeOptions['kubernetes']) => {
    const { createKubernetesCompute } = await import('./compute/kubernetes/index.ts');
    return createKubernetesCompute({
      ...connectionOf(given),
      managedBy: given.PROVISOR_KUBERNETES_MANAGED_BY,
      storageClass: given.PROVISOR_KUBERNETES_STORAGE_CLASS,
      backups: given.PROVISOR_KUBERNETES_BACKUPS,
      snapshotClass: given.PROVISOR_KUBERNETES_SNAPSHOT_CLASS,
      copies: given.PROVISOR_KUBERNETES_COPIES,
      ingressNamespace: given.PROVISOR_KUBERNETES_INGRESS_NAMESPACE,
      clusterDomain: given.PROVISOR_KUBERNETES_CLUSTER_DOMAIN,
      wordpressImage: given.PROVISOR_KUBERNETES_WORDPRESS_IMAGE,
      cliImage: given.PROVISOR_KUBERNETES_CLI_IMAGE,
      databaseImage: given.PROVISOR_KUBERNETES_DATABASE_IMAGE,
      copyImage: given.PROVISOR_KUBERNETES_COPY_IMAGE,
      cpuPerGib: given.PROVISOR_KUBERNETES_CPU_PER_GIB,
      startMs: given.PROVISOR_KUBERNETES_START_SECONDS * 1000,
      tenantRole: given.PROVISOR_KUBERNETES_TENANT_ROLE,
    });
  },
} as const satisfies Factories<ComputeProvider>;

export const proxyAdapters = {
  local: async ({ dataDir, host, sitesPort, log }: AdapterSettings) => {
    const { createLocalProxy } = await import('./proxy/local/index.ts');
    return createLocalProxy({ dataDir, host, port: sitesPort, log });
  },
  caddy: async (_settings: AdapterSettings, options: ProxyOptions['caddy']) => {
    const { createCaddyProxy } = await import('./proxy/caddy/index.ts');
    return createCaddyProxy({
      adminUrl: options.PROVISOR_CADDY_ADMIN_URL,
      server: options.PROVISOR_CADDY_SERVER,
      listen: options.PROVISOR_CADDY_LISTEN,
      siteUrl: options.PROVISOR_CADDY_SITE_URL,
    });
  },
  ingress: async (_settings: AdapterSettings, given: ProxyOptions['ingress']) => {
    const { createIngressProxy } = await import('./proxy/ingress/index.ts');
    return createIngressProxy({
      ...connectionOf(given),
      managedBy: given.PROVISOR_KUBERNETES_MANAGED_BY,
      clusterDomain: given.PROVISOR_KUBERNETES_CLUSTER_DOMAIN,
      namespace: given.PROVISOR_INGRESS_NAMESPACE,
      ingressClass: given.PROVISOR_INGRESS_CLASS,
      issuer: given.PROVISOR_INGRESS_ISSUER,
      pagesHost: given.PROVISOR_INGRESS_PAGES_HOST,
      pagePorts: {
        suspended: given.PROVISOR_INGRESS_SUSPENDED_PORT,
        stopped: given.PROVISOR_INGRESS_STOPPED_PORT,
      },
    });
  },
  'nginx-ssh': async (_settings: AdapterSettings, options: ProxyOptions['nginx-ssh']) => {
    const { createNginxSshProxy, tlsOf } = await import('./proxy/nginx-ssh/index.ts');
    return createNginxSshProxy({
      ssh: {
        host: options.PROVISOR_NGINX_SSH_HOST,
        port: options.PROVISOR_NGINX_SSH_PORT,
        username: options.PROVISOR_NGINX_SSH_USER,
        keyFile: options.PROVISOR_NGINX_SSH_KEY_FILE,
        hostKey: options.PROVISOR_NGINX_SSH_HOST_KEY,
      },
      directory: options.PROVISOR_NGINX_SSH_DIRECTORY,
      commands: { test: options.PROVISOR_NGINX_SSH_TEST, reload: options.PROVISOR_NGINX_SSH_RELOAD },
      sites: {
        listen: options.PROVISOR_NGINX_SSH_LISTEN,
        tls: tlsOf({
          siteUrl: options.PROVISOR_NGINX_SSH_SITE_URL,
          listen: options.PROVISOR_NGINX_SSH_TLS_LISTEN,
          certificate: options.PROVISOR_NGINX_SSH_CERTIFICATE,
          certificateKey: options.PROVISOR_NGINX_SSH_CERTIFICATE_KEY,
        }),
        upstreamCa: options.PROVISOR_NGINX_SSH_UPSTREAM_CA,
      },
      probe: options.PROVISOR_NGINX_SSH_PROBE,
      siteUrl: options.PROVISOR_NGINX_SSH_SITE_URL,
    });
  },
  'nginx-proxy-manager': async (_settings: AdapterSettings, options: ProxyOptions['nginx-proxy-manager']) => {
    const { createNginxProxyManager } = await import('./proxy/nginx-proxy-manager/index.ts');
    return createNginxProxyManager({
      url: options.PROVISOR_NPM_URL,
      identity: options.PROVISOR_NPM_IDENTITY,
      secret: options.PROVISOR_NPM_SECRET,
      letsencryptEmail: options.PROVISOR_NPM_LETSENCRYPT_EMAIL,
      siteUrl: options.PROVISOR_NPM_SITE_URL,
    });
  },
} as const satisfies Factories<ReverseProxy>;

export const dnsAdapters = {
  local: async ({ dataDir, host, dnsPort, log }: AdapterSettings) => {
    const { createLocalDns } = await import('./dns/local/index.ts');
    return createLocalDns({ dataDir, host, port: dnsPort, log });
  },
  powerdns: async (_settings: AdapterSettings, options: DnsOptions['powerdns']) => {
    const { createPowerDns } = await import('./dns/powerdns/index.ts');
    return createPowerDns({
      url: options.PROVISOR_POWERDNS_URL,
      apiKey: options.PROVISOR_POWERDNS_API_KEY,
      serverId: options.PROVISOR_POWERDNS_SERVER_ID,
    });
  },
  cloudflare: async (_settings: AdapterSettings, options: DnsOptions['cloudflare']) => {
    const { createCloudflareDns } = await import('./dns/cloudflare/index.ts');
    return createCloudflareDns({
      url: options.PROVISOR_CLOUDFLARE_URL,
      token: options.PROVISOR_CLOUDFLARE_TOKEN,
      accountId: options.PROVISOR_CLOUDFLARE_ACCOUNT_ID,
    });
  },
  ispconfig: async (_settings: AdapterSettings, options: DnsOptions['ispconfig']) => {
    const { createIspConfigDns } = await import('./dns/ispconfig/index.ts');
    return createIspConfigDns({
      url: options.PROVISOR_ISPCONFIG_URL,
      user: options.PROVISOR_ISPCONFIG_USER,
      password: options.PROVISOR_ISPCONFIG_PASSWORD,
      serverId: options.PROVISOR_ISPCONFIG_SERVER_ID,
    });
  },
} as const satisfies Factories<DnsProvider>;
