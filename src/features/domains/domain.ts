/** A custom domain of a site: its states, what the customer has to set, and when it is looked at. Pure. */
import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Site } from '../sites/site.ts';
import { challengePrefix, type Hostname } from './hostname.ts';

/**
 * - `pending_verification`: waits for its DNS, and is looked at in growing intervals.
 * - `issuing`: verified; an operation puts it on the route and sees to the certificate.
 * - `active`: leads to the site.
 * - `removing`: an operation takes it off the route.
 * - `expired`: its DNS did not come right in time. `failed`: it went to somebody else, or could not be set up.
 */
export type DomainState = 'pending_verification' | 'issuing' | 'active' | 'removing' | 'expired' | 'failed';

const countedStates = ['pending_verification', 'issuing', 'active', 'removing'] as const;

/** Whether a domain takes up a unit of the quota. */
export const isCounted = (state: string): boolean => (countedStates as readonly string[]).includes(state);

/** Why a domain is not active yet, or any more. */
export type Reason =
  | 'not_pointing'
  | 'not_owned'
  | 'dns_silent'
  | 'site_busy'
  | 'site_suspended'
  | 'infrastructure'
  | 'taken';

/** What the DNS said. Null where it did not answer; empty where there is nothing. */
export interface Sighting {
  /** Every name that a CNAME led to, in order. */
  cname: string[] | null;
  addresses: string[] | null;
  /** TXT records of the challenge's name. */
  txt: string[] | null;
}

export interface Domain {
  /** Our own id of the site. */
  site: string;
  hostname: string;
  state: DomainState;
  reason: Reason | null;
  seen: Sighting | null;
  checkedAt: number | null;
  /** Rises with every check that is begun, so that a late one writes nothing over a newer. */
  checks: number;
  nextCheckAt: number | null;
  verifyUntil: number;
  createdAt: number;
  activeAt: number | null;
}

/** When the token has to be there: `auto` asks for it wherever pointing alone does not say whose the domain is. */
export type Ownership = 'always' | 'auto' | 'never';

/** Who a name belongs to: the panel's customer where the panel names one, else the site itself. */
export interface Holder {
  panelId: string;
  owner: string;
  site: string;
}

export const holderOf = (site: Pick<Site, 'id' | 'key' | 'customerId'>): Holder => ({
  panelId: site.key.panelId,
  // Apart from each other: a customer could be called like one of our own ids.
  owner: site.customerId === null ? `site/${site.id}` : `customer/${site.customerId}`,
  site: site.id,
});

/**
 * The token of a customer for a domain. It is the same at every try and on every
 * replica, nothing of it is stored, and without our key nobody can tell another's.
 */
export const tokenFor = (key: string, { panelId, owner }: Holder, base: string): string => {
  const digest = createHmac('sha256', key).update(`domain-challenge\n${panelId}\n${owner}\n${base}`).digest('hex');
  return `provisor-verification=${digest.slice(0, 32)}`;
};

export interface DomainRecord {
  purpose: 'pointing' | 'ownership';
  name: string;
  type: 'A' | 'AAAA' | 'CNAME' | 'TXT';
  value: string;
  /** False for a token that is only asked for when the domain points here by another way than this CNAME. */
  required: boolean;
}

/** What the DNS of a domain is held against. */
export interface Expected {
  /** The site's own name: nobody else's site is reached by it. Null once it was given back. */
  ownName: string | null;
  /** Names that lead to all sites. */
  sharedNames: string[];
  addresses: string[];
  token: string;
  /** Whether the token has to be there even when a CNAME names the site. */
  tokenAlways: boolean;
  tokenNever: boolean;
}

/** The records that the customer has to set, exactly as they have to be. */
export const recordsFor = ({ name, base, apex }: Hostname, expected: Expected): DomainRecord[] => {
  const byName = !apex && expected.ownName !== null;
  const pointing: DomainRecord[] = byName
    ? [{ purpose: 'pointing', name, type: 'CNAME', value: expected.ownName!, required: true }]
    : expected.addresses.map((address) => ({
        purpose: 'pointing',
        name,
        type: isIPv6(address) ? 'AAAA' : 'A',
        value: address,
        required: true,
      }));
  if (expected.tokenNever) return pointing;
  return [
    ...pointing,
    {
      purpose: 'ownership',
      name: `${challengePrefix}${base}`,
      type: 'TXT',
      value: expected.token,
      required: expected.tokenAlways || !byName,
    },
  ];
};

/**
 * Holds what the DNS said against what it has to say. Null when all is right.
 * What is certainly wrong counts for more than what is not known.
 */
export const judge = (seen: Sighting, expected: Expected): 'not_pointing' | 'not_owned' | 'dns_silent' | null => {
  const { cname, addresses, txt } = seen;
  const namesSite = expected.ownName !== null && (cname ?? []).includes(expected.ownName);
  const namesUs = (cname ?? []).some((target) => expected.sharedNames.includes(target));
  // All of them: a visitor gets any one.
  const isOurs =
    addresses !== null && addresses.length > 0 && addresses.every((one) => expected.addresses.includes(one));
  if (!namesSite && !namesUs && !isOurs) return cname === null || addresses === null ? 'dns_silent' : 'not_pointing';
  if (expected.tokenNever || (namesSite && !expected.tokenAlways)) return null;
  if (txt?.includes(expected.token)) return null;
  return txt === null ? 'dns_silent' : 'not_owned';
};

/** What is kept and shown of what the DNS said: a stranger's zone may say a lot. */
export const shorten = ({ cname, addresses, txt }: Sighting): Sighting => {
  const some = (values: string[] | null) =>
    values === null ? null : values.slice(0, 10).map((value) => value.slice(0, 255));
  return { cname: some(cname), addresses: some(addresses), txt: some(txt) };
};

const shortest = 15_000;
const longest = 30 * 60_000;

/** Milliseconds to the next look at a domain that was added this long ago: soon while somebody may be watching, later seldom. */
export const nextCheckAfter = (ageMs: number): number => Math.round(Math.min(longest, Math.max(shortest, ageMs / 6)));
