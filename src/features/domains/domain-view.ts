import type { Schema } from '../../contract/handler.ts';
import { instant } from '../../kit/instant.ts';
import { operationView } from '../operations/operation-view.ts';
import type { DomainRecord, Sighting } from './domain.ts';
import type { ShownDomain } from './domains.ts';

const orNull = (at: number | null): string | null => (at === null ? null : instant(at));

const asLine = ({ name, type, value }: DomainRecord): string => `${name} ${type} ${value}`;

/** What the DNS says instead of what it has to. */
const pointsTo = ({ cname, addresses }: Sighting): string => {
  const targets = [...(cname ?? []), ...(addresses ?? [])];
  return targets.length === 0 ? 'there is no record of it' : `it leads to ${targets.join(', ')}`;
};

/** What is not right with a domain, and what its customer can do. */
const whatIsWrong = ({ domain, records }: ShownDomain): string => {
  const { hostname, reason, seen } = domain;
  const needed = records.filter((record) => record.required);
  const pointing = needed.filter(({ purpose }) => purpose === 'pointing').map(asLine);
  const ownership = records.filter(({ purpose }) => purpose === 'ownership').map(asLine);
  switch (reason) {
    case 'not_pointing':
      return `${hostname} does not lead here: ${pointsTo(seen ?? { cname: [], addresses: [], txt: [] })}. Set: ${needed.map(asLine).join('; ')}`;
    case 'not_owned':
      return `${hostname} leads here, and it has still to be shown that it is yours. Set: ${ownership.join('; ')}`;
    case 'dns_silent':
      return `The DNS of ${hostname} did not answer properly. It has to have: ${needed.map(asLine).join('; ')}`;
    case 'site_busy':
      return `${hostname} is verified and waits until the site is free.`;
    case 'site_suspended':
      return `${hostname} is verified and waits until the service is not suspended any more.`;
    case 'infrastructure':
      return `${hostname} is verified, but could not be set up. It is tried again.`;
    default:
      return `Set: ${[...pointing, ...needed.filter(({ purpose }) => purpose === 'ownership').map(asLine)].join('; ')}`;
  }
};

/** How a domain is, in a sentence that a customer may read. */
export const describeDomain = (shown: ShownDomain): string => {
  const { hostname, state, reason } = shown.domain;
  switch (state) {
    case 'pending_verification':
      return whatIsWrong(shown);
    case 'issuing':
      return `${hostname} is verified and is being set up.`;
    case 'active':
      return reason === null ? `${hostname} leads to the site.` : whatIsWrong(shown);
    case 'removing':
      return `${hostname} is being removed.`;
    case 'removed':
      return `${hostname} is removed.`;
    case 'expired':
      return `${hostname} was given up, because its DNS did not come right in time. Add it again once it is.`;
    case 'failed':
      return reason === 'taken'
        ? `${hostname} is in use elsewhere by now.`
        : `${hostname} could not be set up. Add it again, or ask for help.`;
  }
};

/** A domain as callers see it. */
export const domainView = (shown: ShownDomain, extra: { url: string | null; retryable: boolean }): Schema<'Domain'> => {
  const { site, domain, records, operation } = shown;
  return {
    hostname: domain.hostname,
    service_id: site.key.serviceId,
    state: domain.state,
    reason: domain.reason,
    message: describeDomain(shown),
    url: domain.state === 'active' ? extra.url : null,
    records,
    seen: domain.seen,
    checked_at: orNull(domain.checkedAt),
    next_check_at: orNull(domain.nextCheckAt),
    verify_until: instant(domain.verifyUntil),
    created_at: instant(domain.createdAt),
    active_at: orNull(domain.activeAt),
    operation: operation ? operationView(operation, extra.retryable) : null,
  };
};
