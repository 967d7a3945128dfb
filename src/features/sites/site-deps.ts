import type { Database } from '../../database/database.ts';
import type { Operations } from '../../operations/operations.ts';
import type { Plans } from '../plans/plans.ts';
import type { Providers } from './outside.ts';
import type { NumberPool } from './reservation-store.ts';
import type { SiteStore } from './site-store.ts';
import type { SiteOperations } from './steps.ts';

/** What the use cases of sites are made of. */
export interface SiteDeps {
  db: Database;
  operations: Operations;
  sites: SiteStore;
  plans: Plans;
  definitions: SiteOperations;
  providers: Providers;
  pools: { privateIp: NumberPool; vmid: NumberPool };
  /** The address that sites are reached at when the panel names none. */
  publicIp: string;
}
