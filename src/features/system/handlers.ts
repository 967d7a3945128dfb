import type { OpenApiDocument } from '../../contract/document.ts';
import type { Handlers } from '../../contract/handler.ts';
import type { Database } from '../../database/database.ts';
import { instant } from '../../kit/instant.ts';
import type { Identity } from '../panels/panels.ts';
import { docsAsset, docsPage, docsPolicy } from './docs.ts';

export interface SystemDeps {
  document: OpenApiDocument;
  db: Database;
  version: string;
  identify: (keyId: string) => Promise<Identity>;
  capabilities: { compute: string; proxy: string; dns: string; snapshots: boolean; usage: boolean; logins: boolean };
  /** Providers that are being left alone because they do not answer. */
  restingProviders: () => string[];
  /** What Prometheus reads. */
  metrics: () => Promise<{ type: string; body: string }>;
  /** Whether this process takes work. */
  accepting: () => boolean;
}

export const systemHandlers = (deps: SystemDeps) =>
  ({
    getHealth: async () => ({ status: 200, body: { status: 'ok', timestamp: instant(Date.now()) } }),
    getReady: async () => {
      const database = await deps.db.ping().then(
        () => 'ok' as const,
        () => 'unavailable' as const,
      );
      const workers = deps.accepting() ? ('ok' as const) : ('unavailable' as const);
      const resting = Object.fromEntries(deps.restingProviders().map((provider) => [provider, 'degraded' as const]));
      const checks = { database, workers, ...resting };
      if (database === 'ok' && workers === 'ok') return { status: 200, body: { status: 'ready', checks } };
      return { status: 503, headers: { 'Retry-After': '5' }, body: { status: 'unavailable', checks } };
    },
    getMetrics: async () => ({ status: 200, ...(await deps.metrics()) }),
    getOpenApi: async () => ({ status: 200, body: deps.document as unknown as Record<string, unknown> }),
    getDocs: async () => ({
      status: 200,
      type: 'text/html; charset=utf-8',
      headers: { 'Content-Security-Policy': docsPolicy },
      body: docsPage,
    }),
    getDocsAsset: async ({ path }) => {
      const { type, content } = await docsAsset(path.asset);
      return { status: 200, type, headers: { 'Cache-Control': 'public, max-age=3600' }, body: content };
    },
    whoami: async ({ caller }) => {
      const identity = await deps.identify(caller.actor);
      return {
        status: 200,
        body: {
          panel: { id: identity.panelId, name: identity.panelName },
          key: {
            id: identity.keyId,
            scopes: [...identity.scopes],
            expires_at: identity.expiresAt === null ? null : instant(identity.expiresAt),
          },
          version: deps.version,
          capabilities: deps.capabilities,
        },
      };
    },
  }) satisfies Handlers<'getHealth' | 'getReady' | 'getMetrics' | 'getOpenApi' | 'getDocs' | 'getDocsAsset' | 'whoami'>;
