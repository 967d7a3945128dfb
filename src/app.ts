/** The composition root: the only file that wires things together. Reading it is reading the architecture. */
import { readFileSync } from 'node:fs';
import { type AdapterSettings, computeAdapters, dnsAdapters, proxyAdapters } from './adapters/registry.ts';
import { dnsBackendHandlers } from './compat/dns-backend.ts';
import { hostingBackendHandlers } from './compat/hosting-backend.ts';
import { supportDeskHandlers } from './compat/support-desk.ts';
import type { Config } from './config.ts';
import { numberToIp } from './config-lists.ts';
import { readDocument } from './contract/document.ts';
import { connectDatabase } from './database/connect.ts';
import type { Database } from './database/database.ts';
import { migrate, pendingMigrations } from './database/migrate.ts';
import { createDeliveries, type DeliveriesOptions } from './deliveries/deliveries.ts';
import { createAuditLog } from './features/audit/audit-log.ts';
import { auditHandlers } from './features/audit/handlers.ts';
import { createBackups, forgetBackups } from './features/backups/backups.ts';
import { backupHandlers } from './features/backups/handlers.ts';
import { backupOperations } from './features/backups/steps.ts';
import { readAssets } from './features/dashboard/assets.ts';
import { dashboardHandlers } from './features/dashboard/handlers.ts';
import { createDelegation } from './features/dns/delegation.ts';
import { zoneHandlers } from './features/dns/handlers.ts';
import { internetRoots, systemResolvers } from './features/dns/name-servers.ts';
import { zoneOperations } from './features/dns/steps.ts';
import { createZones } from './features/dns/zones.ts';
import { createCertificateNames } from './features/domains/certificate-names.ts';
import { createDomainLookup } from './features/domains/domain-lookup.ts';
import { createDomainWatch } from './features/domains/domain-watch.ts';
import { activeDomains, createDomains, forgetDomains } from './features/domains/domains.ts';
import { domainHandlers } from './features/domains/handlers.ts';
import { domainOperations } from './features/domains/steps.ts';
import { createMail } from './features/mail/mail.ts';
import { operationHandlers } from './features/operations/handlers.ts';
import { createPanels } from './features/panels/panels.ts';
import { planHandlers } from './features/plans/handlers.ts';
import { createPlans } from './features/plans/plans.ts';
import { driftHandlers } from './features/sites/drift-handlers.ts';
import { siteAnswers, siteHandlers } from './features/sites/handlers.ts';
import { listSiteNames } from './features/sites/site-names.ts';
import { createSiteSteps } from './features/sites/site-steps.ts';
import { createSiteStore } from './features/sites/site-store.ts';
import { createSites } from './features/sites/sites.ts';
import { siteOperations } from './features/sites/steps.ts';
import { createSweep } from './features/sites/sweep.ts';
import { supportHandlers } from './features/support/handlers.ts';
import { createSupport } from './features/support/support.ts';
import { systemHandlers } from './features/system/handlers.ts';
import { eventsOf } from './features/webhooks/events.ts';
import { webhookHandlers } from './features/webhooks/handlers.ts';
import { createPost } from './features/webhooks/post.ts';
import { createResolve } from './features/webhooks/resolve.ts';
import { createAddressRule } from './features/webhooks/target-address.ts';
import { createWebhookChannel } from './features/webhooks/webhook-channel.ts';
import { createWebhooks } from './features/webhooks/webhooks.ts';
import { createClientAddress } from './http/client-address.ts';
import { createHttpApp, type HttpApp } from './http/http-app.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createRateExchange } from './http/rate-exchange.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { type Clock, systemClock } from './kit/clock.ts';
import type { Log } from './kit/log.ts';
import type { MetricsPage } from './kit/readings.ts';
import { createScrub } from './kit/secrets.ts';
import { noneShown, type ShownTelemetry } from './kit/telemetry.ts';
import { createTrail } from './operations/audit.ts';
import { createOperations, type OperationsOptions } from './operations/operations.ts';
import type { Adapter } from './ports/adapter.ts';
import type { ComputeProvider } from './ports/compute.ts';
import type { DnsProvider } from './ports/dns.ts';
import { observe } from './ports/observed.ts';
import type { ReverseProxy } from './ports/proxy.ts';
import type { PortName, ProviderName, ProviderOptions } from './provider-config.ts';
import { domainSettings, mailSettings, serverText, zoneSettings } from './settings.ts';

export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const migrations = new URL('../migrations/', import.meta.url);

export interface Adapters {
  compute: Adapter<ComputeProvider>;
  proxy: Adapter<ReverseProxy>;
  dns: Adapter<DnsProvider>;
}

/** What a serving process brings along, and what tests put in place of the real thing. */
export interface Replacements {
  /** @default tells nobody */
  telemetry?: ShownTelemetry;
  clock?: Clock;
  /** Milliseconds added to the database's clock. */
  clockOffset?: () => number;
  /** Puts something around, or in place of, the adapters that the configuration names. */
  adapters?: (configured: Adapters) => Adapters;
  timing?: OperationsOptions['timing'];
  breaker?: OperationsOptions['breaker'];
  at?: OperationsOptions['at'];
  deliveries?: Pick<DeliveriesOptions, 'timing' | 'at'>;
  validateResponses?: boolean;
}

/** A factory for each provider that the configuration knows, taking just what the configuration reads for it. */
type Factories<P extends PortName, Port> = {
  [K in ProviderName<P>]: (settings: AdapterSettings, options: ProviderOptions<P>[K]) => Promise<Adapter<Port>>;
};

const createAdapters = async (config: Config, log: Log): Promise<Adapters> => {
  const settings = {
    dataDir: config.dataDir,
    host: config.PROVISOR_HOST,
    sitesPort: config.PROVISOR_SITES_PORT,
    dnsPort: config.PROVISOR_DNS_PORT,
    log,
  };
  const make = <P extends PortName, Port>(port: P, chosen: ProviderName<P>, factories: Factories<P, Port>) =>
    factories[chosen](settings, config.options[port] as ProviderOptions<P>[ProviderName<P>]);
  const [compute, proxy, dns] = await Promise.all([
    make<'compute', ComputeProvider>('compute', config.PROVISOR_COMPUTE, computeAdapters),
    make<'proxy', ReverseProxy>('proxy', config.PROVISOR_PROXY, proxyAdapters),
    make<'dns', DnsProvider>('dns', config.PROVISOR_DNS, dnsAdapters),
  ]);
  return { compute, proxy, dns };
};

/** Everything that a process can be asked to do, none of it begun. The CLI uses it beside a running server. */
export const createProvisor = async (config: Config, log: Log, replacements: Replacements = {}) => {
  const clock = replacements.clock ?? systemClock;
  const telemetry = replacements.telemetry ?? noneShown;
  const db: Database = connectDatabase({
    url: config.databaseUrl,
    log,
    telemetry,
    clock,
    ...(replacements.clockOffset ? { clockOffset: replacements.clockOffset } : {}),
  });
  const configured = await createAdapters(config, log);
  const adapters = replacements.adapters?.(configured) ?? configured;
  const watching = { telemetry, scrub: createScrub(config.secrets), now: clock.monotonic };
  const providers = {
    compute: observe(adapters.compute.port, watching),
    proxy: observe(adapters.proxy.port, watching),
    dns: observe(adapters.dns.port, watching),
  };

  const operations = createOperations({
    db,
    clock,
    log,
    trail: createTrail({ pepper: config.pepper }),
    telemetry,
    slots: config.PROVISOR_WORKERS,
    queueCap: config.PROVISOR_QUEUE_CAP,
    ...(replacements.timing ? { timing: replacements.timing } : {}),
    at: replacements.at,
    ...(replacements.breaker ? { breaker: replacements.breaker } : {}),
  });
  const panels = createPanels({ db, pepper: config.pepper, clock, log, operations });
  const deliveries = createDeliveries({
    db,
    clock,
    log,
    telemetry,
    transaction: operations.transaction,
    ...replacements.deliveries,
  });
  const webhookRules = {
    http: config.PROVISOR_WEBHOOK_HTTP === 'on',
    isAllowed: createAddressRule(config.PROVISOR_WEBHOOK_ALLOW),
  };
  const resolve = createResolve((config.PROVISOR_RESOLVERS ?? []).map(serverText));
  deliveries.register(
    createWebhookChannel({
      db,
      pepper: config.pepper,
      log,
      trail: operations.trail,
      post: createPost({ ...webhookRules, resolve }),
      userAgent: `Provisor/${version}`,
    }),
  );
  const webhooks = createWebhooks({
    db,
    pepper: config.pepper,
    operations,
    deliveries,
    rules: webhookRules,
    events: () => eventsOf(operations.kinds()),
  });
  const audit = createAuditLog({ db, pepper: config.pepper });
  const plans = createPlans({ db, operations });
  const siteStore = createSiteStore({ domain: config.PROVISOR_SITE_DOMAIN });
  const mail = createMail(mailSettings(config), {
    now: () => db.now(),
    log,
    trail: operations.trail,
    siteOf: siteStore.find,
    panelNameOf: panels.nameOf,
    urlOf: (hostname) => providers.proxy.urlFor(hostname),
  });
  if (mail.channel) deliveries.register(mail.channel);
  const restMs = config.PROVISOR_REST_HOURS * 3600_000;
  const blocks = createSiteSteps({ sites: siteStore, providers, domainsOf: activeDomains });
  const definitions = siteOperations({
    db,
    blocks,
    onGone: async (tx, site, at) => {
      await forgetBackups(tx, site, at);
      await forgetDomains(tx, site.id, at + restMs);
    },
    sites: siteStore,
    providers,
    zone: { name: `${config.PROVISOR_SITE_DOMAIN}.`, nameservers: config.PROVISOR_NAMESERVERS },
    restMs,
  });
  operations.register(...Object.values(definitions));
  const sites = createSites({
    db,
    operations,
    sites: siteStore,
    plans,
    definitions,
    providers,
    pools: {
      privateIp: { name: 'private-ip', label: 'private address', ...config.PROVISOR_PRIVATE_IPS, format: numberToIp },
      vmid: { name: 'vmid', label: 'machine number', ...config.PROVISOR_VMIDS, format: String },
    },
    publicIp: config.PROVISOR_PUBLIC_IP,
  });
  const backupDefinitions = backupOperations({
    db,
    compute: providers.compute,
    blocks,
    becomeActive: async (tx, key) => siteStore.setState(tx, key, 'active', await db.now(tx)),
  });
  operations.register(...Object.values(backupDefinitions));
  const backups = createBackups({
    db,
    sites,
    compute: providers.compute,
    definitions: backupDefinitions,
    timeZone: config.PROVISOR_TIME_ZONE,
  });
  const support = createSupport({ db, pepper: config.pepper, operations });
  const domainDefinitions = domainOperations({ db, proxy: providers.proxy, blocks, restMs });
  operations.register(...Object.values(domainDefinitions));
  const domainWatch = createDomainWatch({
    clock,
    log,
    lookAtDue: (signal, failed) => domains.lookAtDue(signal, failed),
  });
  const domains = createDomains({
    db,
    operations,
    sites,
    proxy: providers.proxy,
    definitions: domainDefinitions,
    lookup: createDomainLookup({ servers: (config.PROVISOR_RESOLVERS ?? []).map(serverText) }),
    settings: domainSettings(config),
    wake: domainWatch.wake,
  });
  const zoneDefinitions = zoneOperations({ db, dns: providers.dns });
  operations.register(...Object.values(zoneDefinitions));
  const delegation = createDelegation({
    roots: config.PROVISOR_ROOT_SERVERS ?? internetRoots,
    resolvers: config.PROVISOR_RESOLVERS ?? systemResolvers(),
  });
  const zones = createZones({
    db,
    operations,
    dns: providers.dns,
    definitions: zoneDefinitions,
    delegation,
    settings: zoneSettings(config),
    siteNames: { list: listSiteNames(sites), findIn: domains.findIn },
  });
  const sweep = createSweep({ db, log, operations, providers });
  const idempotency = createIdempotency({ db });
  const rateLimit = createRateLimit({
    clock,
    settings: {
      perAddress: config.PROVISOR_RATE_PER_ADDRESS,
      perKey: config.PROVISOR_RATE_PER_KEY,
      failures: config.PROVISOR_RATE_REFUSED_KEYS,
    },
  });
  const rateExchange = createRateExchange({ db, clock, log, limit: rateLimit });

  /** What Prometheus reads. */
  const metrics = (accepting: () => boolean): Promise<MetricsPage> =>
    telemetry.page({
      build: {
        version,
        node: process.versions.node,
        database: db.dialect,
        compute: config.PROVISOR_COMPUTE,
        proxy: config.PROVISOR_PROXY,
        dns: config.PROVISOR_DNS,
      },
      slots: config.PROVISOR_WORKERS,
      running: operations.running,
      accepting,
      connections: db.connections,
      breakers: operations.breakerStates,
      backlog: async () => ({ ...(await operations.backlog()), outboxMs: await deliveries.lagMs() }),
    });

  /** The HTTP application. Errors: a contract that does not fit the handlers. */
  const createApp = (draining: AbortSignal): Promise<HttpApp> => {
    const document = readDocument();
    return createHttpApp({
      document,
      handlers: {
        ...systemHandlers({
          document,
          db,
          version,
          identify: panels.identify,
          capabilities: {
            compute: config.PROVISOR_COMPUTE,
            proxy: config.PROVISOR_PROXY,
            dns: config.PROVISOR_DNS,
            snapshots: providers.compute.capabilities.snapshots,
            usage: providers.compute.capabilities.usage,
            logins: providers.compute.capabilities.logins,
          },
          restingProviders: operations.restingProviders,
          metrics: () => metrics(() => !draining.aborted),
          accepting: () => !draining.aborted,
        }),
        ...dashboardHandlers({
          assets: readAssets(),
          identify: panels.identify,
          countSites: (panelId, state, cap) => siteStore.count(db.knex, panelId, state, cap),
          countOperations: operations.count,
        }),
        ...driftHandlers(db),
        ...planHandlers(plans),
        ...siteHandlers(sites, operations),
        ...backupHandlers(backups, operations, siteAnswers(sites, operations).accepted),
        ...supportHandlers(support),
        ...domainHandlers(domains, operations, createCertificateNames({ db, clock, sites: siteStore })),
        ...zoneHandlers(zones, operations),
        ...operationHandlers(operations),
        ...auditHandlers(audit),
        ...webhookHandlers(webhooks),
        ...hostingBackendHandlers({ sites, backups, domains, operations }),
        ...supportDeskHandlers(support),
        ...dnsBackendHandlers(zones, operations),
      },
      authenticate: panels.authenticate,
      refused: panels.noteRefusal,
      idempotency,
      rateLimit,
      corsOrigins: config.PROVISOR_CORS_ORIGINS,
      clientAddress: createClientAddress(config.PROVISOR_TRUSTED_PROXIES),
      clock,
      log,
      telemetry,
      validateResponses: replacements.validateResponses ?? false,
      draining,
    });
  };

  return {
    config,
    db,
    clock,
    log,
    adapters: [adapters.compute, adapters.proxy, adapters.dns] as Adapter<unknown>[],
    providers,
    operations,
    panels,
    plans,
    sites,
    zones,
    delegation,
    backups,
    support,
    audit,
    deliveries,
    webhooks,
    mail,
    domains,
    domainWatch,
    sweep,
    idempotency,
    rateExchange,
    createApp,
    metrics,
    migrate: () => migrate(db, { directory: migrations, log }),
    pendingMigrations: () => pendingMigrations(db, { directory: migrations }),
    close: () => db.close(),
  };
};

export type Provisor = Awaited<ReturnType<typeof createProvisor>>;
