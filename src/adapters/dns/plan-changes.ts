import { ProviderError, type ProviderErrorKind } from '../../kit/errors.ts';
import type { RRset, RRsetChange } from '../../ports/dns.ts';
import { isWithin } from './names.ts';
import { faultOf, type Limits, recordKeys, sameRRset, spellRRset } from './rrset.ts';
import { markerName } from './zone-owner.ts';

/**
 * What the port says about changes, in one place for all providers: which of them
 * are done already, which are conflicts, and what is left to do. Asks nobody.
 */

/** One RRset of the zone, as it is and as it shall be; null for none. */
export interface Replacement {
  before: RRset | null;
  after: RRset | null;
}

export interface PlanRules {
  /** `dns/<provider>`, for errors. */
  provider: string;
  limits: Limits;
  apexAlias: boolean;
  /** Where it is false, what an earlier attempt has left half done is told from a conflict, and finished. */
  atomic: boolean;
}

/** The zone as it is. */
export interface ZoneView {
  name: string;
  nameservers: string[];
  rrsetsAt(name: string): RRset[];
}

/** For errors, and to tell one RRset from another. */
const keyOf = ({ name, type }: RRset): string => `${name} ${type}`;

/** Whether `present` can be what an attempt has left on its way from one RRset to the other. */
const isOnTheWay = (present: RRset, from: RRset | null, to: RRset | null): boolean => {
  const ends = [from, to].filter((end) => end !== null);
  const known = new Set(ends.flatMap(recordKeys));
  // Not a number is what an adapter says of records with several TTLs.
  const ttlFits = Number.isNaN(present.ttl) || ends.some(({ ttl }) => ttl === present.ttl);
  return ttlFits && recordKeys(present).every((record) => known.has(record));
};

/**
 * What is left to do for the changes: removals first, for a provider may check
 * each against what those before it have left. Errors: `invalid`, `conflict`; see the port.
 */
export const planChanges = (rules: PlanRules, zone: ZoneView, changes: RRsetChange[]): Replacement[] => {
  const refuse = (kind: ProviderErrorKind, message: string): never => {
    throw new ProviderError(rules.provider, kind, message);
  };
  const plan = new Map<string, Replacement>();

  const presentAt = (name: string): RRset[] => {
    const kept = zone.rrsetsAt(name).filter((rrset) => !plan.has(keyOf(rrset)));
    const planned = [...plan.values()].flatMap(({ after }) => (after?.name === name ? [after] : []));
    return [...kept, ...planned];
  };

  const replace = (wished: RRset, before: RRset | null, after: RRset | null): void => {
    const first = plan.get(keyOf(wished));
    plan.set(keyOf(wished), { before: first ? first.before : before, after });
  };

  const isSettled = (old: RRset, present: RRset, wished: RRset | null): boolean =>
    sameRRset(present, old) || (!rules.atomic && isOnTheWay(present, old, wished));

  const checkWish = (wished: RRset): void => {
    const fault = faultOf(rules.limits, wished);
    if (fault) refuse('invalid', `${keyOf(wished)} cannot be held: ${fault}`);
    if (!isWithin(wished.name, zone.name)) refuse('invalid', `${keyOf(wished)} is outside the zone ${zone.name}`);
    if (wished.type === 'CNAME' && wished.name === zone.name && !rules.apexAlias)
      refuse('invalid', `${zone.name} cannot be a CNAME: it is the zone's own name`);
  };

  const areOwnNameservers = (wished: RRset): boolean => {
    if (wished.type !== 'NS' || wished.name !== zone.name) return false;
    const own = { ...wished, rdata: zone.nameservers };
    if (!sameRRset(own, wished)) refuse('invalid', `The nameservers of ${zone.name} are those that it was made with`);
    return true;
  };

  for (const change of changes) {
    const wished = change.op === 'delete' ? change.old : change.new;
    const present = presentAt(wished.name).find(({ type }) => type === wished.type) ?? null;

    if (wished.name === markerName(zone.name)) refuse('invalid', `${keyOf(wished)} is not for customers`);
    if (change.op === 'delete') {
      if (wished.type === 'NS' && wished.name === zone.name)
        refuse('invalid', `The nameservers of ${zone.name} go with the zone only`);
      // What was replaced by someone else is theirs, and what we wished is gone.
      if (present && isSettled(wished, present, null)) replace(wished, present, null);
      continue;
    }

    checkWish(wished);
    if (areOwnNameservers(wished)) continue;
    if (present && sameRRset(present, wished)) continue;
    if (change.op === 'update') {
      const { old } = change;
      if (keyOf(old) !== keyOf(wished)) refuse('invalid', `An update cannot turn ${keyOf(old)} into ${keyOf(wished)}`);
      if (present && !isSettled(old, present, wished))
        refuse('conflict', `${keyOf(wished)} has been changed by someone else`);
    } else if (present && (rules.atomic || !isOnTheWay(present, null, wished))) {
      refuse('conflict', `${keyOf(wished)} is there already with other data`);
    }
    replace(wished, present, spellRRset(wished));
  }

  const names = new Set([...plan.values()].flatMap(({ after }) => (after ? [after.name] : [])));
  for (const name of names) {
    const types = presentAt(name).map(({ type }) => type);
    if (types.length > 1 && types.includes('CNAME') && !(rules.apexAlias && name === zone.name))
      refuse('invalid', `${name} cannot have a CNAME beside other records`);
  }
  return [...plan.values()]
    .filter(({ before, after }) => (before && after ? !sameRRset(before, after) : before !== null || after !== null))
    .sort((one, other) => Number(one.after !== null) - Number(other.after !== null));
};
