/** The calls that change a site that is there: each is a check of the state table and an operation, in one transaction. */
import type { Tx } from '../../database/database.ts';
import type { Caller } from '../../kit/caller.ts';
import type { OperationDefinition } from '../../operations/definition.ts';
import type { Operation } from '../../operations/operation.ts';
import { findActive } from '../../operations/operation-store.ts';
import { busy } from '../../operations/operations.ts';
import { isSettled, requireAllowed, type Site, type SiteCall, type SiteRef } from './site.ts';
import type { SiteDeps } from './site-deps.ts';
import { siteKey } from './site-store.ts';

export interface Changed {
  site: Site;
  /** Null when everything was as wished and nothing ever had to be done for it. */
  operation: Operation | null;
  fresh: boolean;
}

/** What is to be submitted, and the units of the site's quotas that it takes. */
export interface Wish<Subject extends object, Params> {
  definition: OperationDefinition<Subject, Params>;
  params: Params;
  holds?: Record<string, number>;
}

type Requires = (tx: Tx, caller: Caller, ref: SiteRef) => Promise<Site>;

/** While one of these is under way, the state is not yet what it will be, and the site is busy for all but what may take its place. */
const turning: ReadonlySet<string | undefined> = new Set(['site.suspend', 'site.unsuspend']);
const mayFollow: ReadonlySet<SiteCall> = new Set(['suspend', 'unsuspend', 'delete']);

/**
 * Submits an operation on a site; or none, when `wish` has done all of it and returns
 * null. A call that finds everything as wished answers with the last operation; the
 * same call again while it runs, with the running one.
 * Errors: `not_found`, what the state table refuses, `operation_in_progress`.
 */
export const changeSite =
  ({ db, operations, sites }: SiteDeps, requireSite: Requires) =>
  async <Subject extends object, Params>(
    caller: Caller,
    ref: SiteRef,
    call: SiteCall,
    wish: (tx: Tx, site: Site) => Promise<Wish<Subject, Params> | null>,
  ): Promise<Changed> => {
    const changed = await operations.transaction(async (tx): Promise<Changed> => {
      // Nobody else decides on this site until we have: what we read now is what holds at our commit.
      await sites.touch(tx, siteKey(caller.panelId, ref.serviceId), await db.now(tx));
      // First: an operation that ends between the two reads has left its state in the second.
      const { active } = await findActive(tx, siteKey(caller.panelId, ref.serviceId));
      const site = await requireSite(tx, caller, ref);
      if (!turning.has(active?.kind)) {
        requireAllowed(site, call);
        if (isSettled(site.state, call)) return { site, operation: null, fresh: false };
      }
      const earlier = await operations.findEarlier(tx, caller);
      if (earlier) return { site, operation: earlier, fresh: true };
      if (active && turning.has(active.kind) && !mayFollow.has(call)) throw busy(site.key, active);
      const wished = await wish(tx, site);
      if (wished === null) return { site, operation: null, fresh: true };
      const { definition, params, holds = {} } = wished;
      const operation = await operations.submit(tx, definition, caller, { service: site.key, params, holds });
      return { site: (await sites.find(tx, site.key))!, operation, fresh: true };
    });
    return changed.operation || changed.fresh
      ? changed
      : { ...changed, operation: await operations.last(changed.site.key) };
  };
