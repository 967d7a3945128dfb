/** Which names a customer's zone may have. Pure. */
import { parse } from 'tldts';
import { AppError } from '../../kit/errors.ts';
import { isWithin, NameFault, toALabels } from './dns-name.ts';

export interface OurNames {
  /** Without the trailing dot. */
  siteDomain: string;
  /** Absolute. */
  nameservers: readonly string[];
}

const invalid = (text: string, wrong: string): AppError =>
  new AppError(
    'invalid',
    'zone_invalid',
    `The field "name" ${wrong}: "${text.slice(0, 100)}". An example: example.com`,
  );

/** A domain name as it is typed, in A-labels without the trailing dot. Errors: `zone_invalid` (400). */
export const domainName = (text: string): string => {
  try {
    return toALabels(text.endsWith('.') ? text.slice(0, -1) : text);
  } catch (error) {
    if (error instanceof NameFault) throw invalid(text.replaceAll(/\p{C}/gu, '?'), error.message);
    throw error;
  }
};

/**
 * A zone's name, and the domain in which it is a parent or a child of others.
 * Errors: `zone_invalid` (400) for what nobody can register, `zone_reserved` (400)
 * for what is ours.
 */
export const zoneName = (text: string, { siteDomain, nameservers }: OurNames): { name: string; domain: string } => {
  const name = domainName(text);
  // Both the registries' suffixes and those of companies, under which anybody may get a name.
  const { domain, isIcann, isPrivate } = parse(name, { allowPrivateDomains: true });
  if (!(isIcann || isPrivate) || domain === null) {
    throw invalid(name, 'is not a domain that can be registered');
  }
  if (domain !== name) {
    throw invalid(name, `is not a domain of its own but a name in ${domain}, whose zone it belongs to`);
  }
  const zone = `${name}.`;
  const site = `${siteDomain}.`;
  // Whoever had the zone of our nameservers' names could send everybody elsewhere.
  const isOurs = isWithin(zone, site) || isWithin(site, zone) || nameservers.some((host) => isWithin(host, zone));
  if (isOurs) throw new AppError('invalid', 'zone_reserved', `The domain ${name} is reserved for the service itself.`);
  return { name, domain: parse(name, { allowPrivateDomains: false }).domain ?? name };
};

/** Whether one of two names is the other's parent, both without the trailing dot. */
export const isRelated = (one: string, other: string): boolean =>
  isWithin(`${one}.`, `${other}.`) || isWithin(`${other}.`, `${one}.`);
