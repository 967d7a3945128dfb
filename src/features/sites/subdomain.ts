/** Names under the site domain, made from what customers typed once. Pure. */

// Names that visitors or programs expect to be the operator's.
const reserved = new Set(
  (
    'www www1 www2 web mail email smtp imap pop pop3 webmail mx mx1 mx2 ns ns1 ns2 ns3 ns4 dns ftp sftp ssh vpn proxy ' +
    'api app apps admin administrator root panel portal cp cpanel whm plesk billing pay payment payments checkout invoice ' +
    'shop store my account accounts login signin signup register auth oauth sso id help support status docs blog news ' +
    'static cdn assets media img images files download downloads dev test staging demo beta autodiscover autoconfig ' +
    'wpad isatap localhost local localdomain broadcasthost host hostmaster postmaster webmaster abuse security noc ' +
    'info contact sales marketing office hr legal press team provisor default example internal'
  ).split(' '),
);

const longest = 32;

export const isReserved = (name: string): boolean => reserved.has(name) || name.startsWith('xn--');

/** A DNS label from an e-mail address: its local part in [a-z0-9-]; `site` when nothing is left, `-site` added to a reserved name. */
export const subdomainFrom = (email: string): string => {
  const local = email.slice(0, Math.max(0, email.lastIndexOf('@')));
  const label = local
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\+.*$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longest - 6)
    .replace(/^-+|-+$/g, '');
  if (label === '') return 'site';
  return isReserved(label) ? `${label}-site` : label;
};

/** Further names to try, in this order, when one is taken: -2 to -9, then a random end. */
export function* alternatives(name: string, randomEnd: () => string): Generator<string> {
  yield name;
  const short = name.slice(0, longest - 7);
  for (let number = 2; number <= 9; number += 1) yield `${short}-${number}`;
  for (let attempt = 0; attempt < 20; attempt += 1) yield `${short}-${randomEnd()}`;
}
