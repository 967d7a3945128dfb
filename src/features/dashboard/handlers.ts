import type { Handlers, Schema } from '../../contract/handler.ts';
import { AppError } from '../../kit/errors.ts';
import type { Identity } from '../panels/panels.ts';
import type { Assets } from './assets.ts';

export interface DashboardDeps {
  assets: Assets;
  identify: (keyId: string) => Promise<Pick<Identity, 'scopes'>>;
  countSites: (panelId: string, state: keyof SiteCounts, cap: number) => Promise<number>;
  countOperations: (panelId: string, state: keyof OperationCounts, cap: number) => Promise<number>;
}

type SiteCounts = NonNullable<Schema<'Overview'>['sites']>;
type OperationCounts = NonNullable<Schema<'Overview'>['operations']>;

const siteStates = ['creating', 'active', 'stopped', 'suspended', 'failed', 'deleting'] as const;
const operationStates = ['pending', 'queued', 'running', 'undoing', 'failed', 'stuck'] as const;
const caps = { sites: 100_000, operations: 1_000 };

const countEach = async <State extends string>(
  states: readonly State[],
  count: (state: State) => Promise<number>,
): Promise<Record<State, number>> =>
  Object.fromEntries(await Promise.all(states.map(async (state) => [state, await count(state)]))) as Record<
    State,
    number
  >;

/** The page may load what is its own and call this server; nothing in it is inline. */
export const dashboardPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const dashboardHandlers = ({ assets, identify, countSites, countOperations }: DashboardDeps) =>
  ({
    getDashboard: async () => ({
      status: 200,
      type: 'text/html; charset=utf-8',
      headers: { 'Content-Security-Policy': dashboardPolicy, 'Referrer-Policy': 'no-referrer' },
      body: assets.page,
    }),
    getDashboardAsset: async ({ path }) => {
      const asset = assets.files.get(path.asset);
      if (!asset) throw new AppError('not_found', 'not_found', `The page has no file ${path.asset}.`);
      return { status: 200, type: asset.type, body: asset.content };
    },
    getOverview: async ({ caller }) => {
      const { scopes } = await identify(caller.actor);
      const [sites, operations] = await Promise.all([
        scopes.includes('sites:read')
          ? countEach(siteStates, (state) => countSites(caller.panelId, state, caps.sites))
          : null,
        scopes.includes('operations:read')
          ? countEach(operationStates, (state) => countOperations(caller.panelId, state, caps.operations))
          : null,
      ]);
      return { status: 200, body: { sites, operations, counted_to: caps } };
    },
  }) satisfies Handlers<'getDashboard' | 'getDashboardAsset' | 'getOverview'>;
