/** Which names a customer may bring to a site. Pure. */
import { parse } from 'tldts';
import { toALabels } from '../../kit/a-labels.ts';
import { AppError } from '../../kit/errors.ts';

/** Where a customer shows that a domain is theirs: a TXT record at this name before the domain's own. */
export const challengePrefix = '_provisor-challenge.';

/** Room for the name of the TXT record, which may not be longer than any other. */
const longest = 253 - challengePrefix.length;

export interface Hostname {
  /** Lower-case A-labels; a wildcard begins with `*.`. */
  name: string;
  /** Without the `*.` of a wildcard. */
  base: string;
  wildcard: boolean;
  /** The domain as it was registered, where no CNAME can stand. */
  apex: boolean;
}

const wildcardPrefix = '*.';

const invalid = (text: string): AppError => {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new AppError(
    'invalid',
    'domain_invalid',
    `"${shown.replace(/[\p{C}"]/gu, '?')}" is not a domain name. Send one like www.example.com, example.com or *.example.com.`,
  );
};

const reserved = (name: string, why: string) =>
  new AppError('invalid', 'domain_reserved', `${name} cannot be used as a custom domain: ${why}.`);

/** A name that stands in the database, taken apart again. */
export const hostnameOf = (name: string): Hostname => {
  const wildcard = name.startsWith(wildcardPrefix);
  const base = wildcard ? name.slice(wildcardPrefix.length) : name;
  const { domain } = parse(base, { allowPrivateDomains: true });
  return { name, base, wildcard, apex: !wildcard && domain === base };
};

/** Reads what a customer typed. Errors: `domain_invalid`. */
export const readHostname = (text: string): Hostname => {
  const wildcard = text.startsWith(wildcardPrefix);
  const base = toALabels(wildcard ? text.slice(wildcardPrefix.length) : text);
  if (base === null || base.length > longest || !base.includes('.')) throw invalid(text);
  return hostnameOf(wildcard ? `${wildcardPrefix}${base}` : base);
};

/** The name one label up; of a wildcard, what it stands under. */
export const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1);

/**
 * Errors: `domain_reserved` for a public suffix (nobody's to give, also those where
 * anybody gets a name) and for what is ours: these names, all beneath them, and a
 * wildcard over one of them.
 */
export const requireFree = ({ name, base, wildcard }: Hostname, ours: readonly string[]): void => {
  const { domain } = parse(base, { allowPrivateDomains: true });
  if (domain === null) throw reserved(name, 'names are registered beneath it');
  const isOurs = (own: string) => base === own || base.endsWith(`.${own}`) || (wildcard && parentOf(own) === base);
  if (ours.some(isOurs)) throw reserved(name, 'it belongs to this service');
};

/** The wildcard that covers a name; its own for a wildcard. */
export const wildcardOver = (name: string): string => `${wildcardPrefix}${parentOf(name)}`;
