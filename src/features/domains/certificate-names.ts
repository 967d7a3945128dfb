/**
 * Whether a host name may have a certificate: what a reverse proxy asks that
 * fetches certificates when the first visitor comes. It has no key, so whoever
 * reaches us may ask; the answer is what a visit of the name shows as well, costs
 * two looks by key, and is given so many times a second only.
 */
import type { Database, Queries } from '../../database/database.ts';
import type { Clock } from '../../kit/clock.ts';
import { AppError } from '../../kit/errors.ts';
import { isHostname } from '../../kit/hostname.ts';
import type { Site, SiteState } from '../sites/site.ts';
import { siteWith } from './name-store.ts';

export interface CertificateNameDeps {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  sites: {
    findById(queries: Queries, id: string): Promise<Site | null>;
    /** By the own name of a site. */
    findByHostname(queries: Queries, hostname: string): Promise<Site | null>;
  };
  /** How many answers there are at once, and in each second from then on. @default 100 */
  mostPerSecond?: number;
}

/** States in which a visitor of the name gets the site, or a page that says why not. */
const visited: readonly SiteState[] = ['creating', 'active', 'stopped', 'suspended'];

export const createCertificateNames = ({ db, clock, sites, mostPerSecond = 100 }: CertificateNameDeps) => {
  let left = mostPerSecond;
  let countedAt = clock.monotonic();

  /** Errors: `rate_limited`. */
  const take = (): void => {
    const now = clock.monotonic();
    left = Math.min(mostPerSecond, left + ((now - countedAt) * mostPerSecond) / 1000);
    countedAt = now;
    if (left < 1) {
      throw new AppError('throttled', 'rate_limited', 'Too many certificates are asked for. Wait a little.', {
        retryAfter: 1,
      });
    }
    left -= 1;
  };

  return {
    /**
     * The name as it stands in the certificate. A name beneath a wildcard gets none:
     * anybody could think of any number of them. Errors: `not_found`, `rate_limited`.
     */
    require: async (typed: string): Promise<string> => {
      take();
      const name = typed.toLowerCase().replace(/\.$/, '');
      if (isHostname(name)) {
        const id = await siteWith(db.knex, name);
        const site = await (id === null ? sites.findByHostname(db.knex, name) : sites.findById(db.knex, id));
        if (site?.proxyEnabled && visited.includes(site.state)) return name;
      }
      throw new AppError('not_found', 'not_found', 'No site that visitors are let in to has this name.');
    },
  };
};

export type CertificateNames = ReturnType<typeof createCertificateNames>;
