/** Whether the names of sites and zones lead here, as the internet sees it. */
import { lookup } from 'node:dns/promises';
import type { Provisor } from '../app.ts';
import type { Config } from '../config.ts';
import { bad, type Finding, good, note } from './finding.ts';

const limitMs = 8_000;
/** Zones that are asked about, the first by name. */
const mostZones = 20;

type Asking = Pick<Provisor['delegation'], 'nameserversOf'>;

/** Names under these exist on one machine, or nowhere: nobody is delegated to. */
const isPrivate = (domain: string): boolean =>
  /(^|\.)(localhost|local|test|invalid|internal|home\.arpa)\.?$/.test(domain) || !domain.includes('.');

const sameNames = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((name) => other.includes(name));

type Delegated = { state: 'ours' | 'none' | 'unknown' } | { state: 'others'; to: string[] };

const delegated = async (asking: Asking, zone: string, nameservers: readonly string[]): Promise<Delegated> => {
  try {
    const found = await asking.nameserversOf(zone, AbortSignal.timeout(limitMs));
    if (found.length === 0) return { state: 'none' };
    return sameNames(found, nameservers) ? { state: 'ours' } : { state: 'others', to: found };
  } catch {
    return { state: 'unknown' };
  }
};

/** The domain that sites get their names under. Its servers may be the provider's own, so those of its zone count too. */
export const checkSiteDomain = async (
  {
    PROVISOR_SITE_DOMAIN: domain,
    PROVISOR_NAMESERVERS: nameservers,
  }: Pick<Config, 'PROVISOR_SITE_DOMAIN' | 'PROVISOR_NAMESERVERS'>,
  asking: Asking,
): Promise<Finding[]> => {
  const check = 'delegation';
  if (isPrivate(domain)) return [note(check, `${domain} is a name for one machine; nobody delegates it.`)];
  const seen = await delegated(asking, `${domain}.`, nameservers);
  const ours = nameservers.join(', ');
  switch (seen.state) {
    case 'ours':
      return [good(check, `${domain} is delegated to ${ours}.`)];
    case 'unknown':
      return [note(check, `Whom ${domain} is delegated to could not be asked from here.`)];
    case 'none':
      return [
        note(
          check,
          `${domain} is not delegated on its own; its names must then be served where the domain above it is.`,
        ),
      ];
    case 'others':
      return [
        bad(
          check,
          `${domain} is delegated to ${seen.to.join(', ')}, and not to ${ours}.`,
          'Set the nameservers at the registrar, or PROVISOR_NAMESERVERS to the ones that are right.',
        ),
      ];
  }
};

/** Zones of customers that the internet asks others about: what is published in them here, nobody sees. */
export const checkZones = async (
  zones: readonly { name: string; nameservers: readonly string[] }[],
  asking: Asking,
): Promise<Finding[]> => {
  const check = 'zones';
  const looked = zones.slice(0, mostZones);
  if (looked.length === 0) return [];
  const seen = await Promise.all(looked.map(({ name, nameservers }) => delegated(asking, name, nameservers)));
  const away = looked.filter((_zone, at) => ['none', 'others'].includes(seen[at]!.state)).map(({ name }) => name);
  const unknown = seen.filter(({ state }) => state === 'unknown').length;
  const of = `${looked.length}${zones.length > looked.length ? ` of ${zones.length}` : ''} zones`;
  if (unknown === looked.length) return [note(check, `Whom the zones are delegated to could not be asked from here.`)];
  if (away.length === 0) return [good(check, `${of} were asked about; all that answered are delegated to us.`)];
  return [
    note(
      check,
      `${of} were asked about, and these are not delegated to us, so their records are not seen: ${away.join(', ')}.`,
    ),
  ];
};

/** Asks for one site as a visitor does. `null` when there is none yet. */
export const checkVisit = async (
  site: { hostname: string; url: string } | null,
  timeoutMs = 5_000,
): Promise<Finding[]> => {
  const check = 'visitors';
  if (site === null) return [note(check, 'There is no active site yet that could be visited.')];
  if (isPrivate(site.hostname)) return [];
  const address = await lookup(site.hostname).then(
    (found) => found.address,
    () => null,
  );
  if (address === null) {
    return [
      bad(
        check,
        `${site.hostname} has no address, as this machine sees it.`,
        'See whether the zone is delegated and served; then look with: dig +trace NAME',
      ),
    ];
  }
  const answer = await fetch(site.url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) }).then(
    ({ status }) => ({ status }),
    (error: Error & { cause?: { code?: string } }) => ({ failure: error.cause?.code ?? error.name }),
  );
  if ('failure' in answer) {
    const remedy = 'See whether the reverse proxy listens there, and whether its certificate is good.';
    return [bad(check, `${site.url} leads to ${address} and does not answer (${answer.failure}).`, remedy)];
  }
  if (answer.status >= 500 || answer.status === 404) {
    const remedy = 'See whether that address is the reverse proxy that Provisor writes to, and whether the site runs.';
    return [bad(check, `${site.url} leads to ${address} and answers ${answer.status}.`, remedy)];
  }
  return [good(check, `${site.url} answers ${answer.status}, as a visitor sees it.`)];
};
