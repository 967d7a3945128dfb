/**
 * Whether the providers let us in, where they are not in this process. Each is
 * asked for what changes nothing; whether a key may also write shows only when
 * something is written.
 */
import type { Provisor } from '../app.ts';
import type { Config } from '../config.ts';
import { formatDuration } from '../kit/duration.ts';
import { ProviderError, type ProviderErrorKind } from '../kit/errors.ts';
import { bad, type Finding, good, note } from './finding.ts';

type Providers = Provisor['providers'];

const limitMs = 10_000;
// A `Date` header has whole seconds, and the answer was on its way.
const allowedSkewMs = 5_000;

const remedies: Partial<Record<ProviderErrorKind, string>> = {
  auth: 'See whether its key or password is right and has the rights that deploy/providers.md names.',
  rate_limited: 'Wait a little; if it lasts, see who else uses the same account.',
  unavailable: 'See whether its address in the configuration is right and can be reached from here.',
};

/** What `ask` finds; a refusal is a bad finding with what to do about it. */
const checkProvider = async (check: string, id: string, ask: () => Promise<Finding>): Promise<Finding> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const remedy = remedies[error.kind] ?? 'The message is from the provider: its manual says more.';
    return bad(check, `${id} does not let us work: ${error.message}.`, remedy);
  }
};

/** Asks for the zone of the sites. A provider in this process is left to `checkListeners`. */
export const checkDnsProvider = async (
  { PROVISOR_DNS, PROVISOR_SITE_DOMAIN }: Pick<Config, 'PROVISOR_DNS' | 'PROVISOR_SITE_DOMAIN'>,
  dns: Pick<Providers['dns'], 'getZone' | 'id'>,
  timeoutMs = limitMs,
): Promise<Finding[]> => {
  if (PROVISOR_DNS === 'local') return [];
  const finding = await checkProvider('dns', dns.id, async () => {
    const zone = await dns.getZone(`${PROVISOR_SITE_DOMAIN}.`, AbortSignal.timeout(timeoutMs));
    return zone
      ? good('dns', `${dns.id} answers and has the zone ${PROVISOR_SITE_DOMAIN}.`)
      : note('dns', `${dns.id} answers; the zone ${PROVISOR_SITE_DOMAIN} is not there yet, the first site makes it.`);
  });
  return [finding];
};

const counted = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`;

export const checkCompute = async (
  { PROVISOR_COMPUTE }: Pick<Config, 'PROVISOR_COMPUTE'>,
  compute: Pick<Providers['compute'], 'id' | 'list'>,
  timeoutMs = limitMs,
): Promise<Finding[]> => {
  if (PROVISOR_COMPUTE === 'local') return [];
  const finding = await checkProvider('compute', compute.id, async () => {
    const { length } = await compute.list(AbortSignal.timeout(timeoutMs));
    return good('compute', `${compute.id} answers and shows ${counted(length, 'site', 'sites')} of ours.`);
  });
  return [finding];
};

export const checkProxy = async (
  { PROVISOR_PROXY }: Pick<Config, 'PROVISOR_PROXY'>,
  proxy: Pick<Providers['proxy'], 'id' | 'listRoutes'>,
  timeoutMs = limitMs,
): Promise<Finding[]> => {
  if (PROVISOR_PROXY === 'local') return [];
  const finding = await checkProvider('proxy', proxy.id, async () => {
    const { length } = await proxy.listRoutes(AbortSignal.timeout(timeoutMs));
    return good('proxy', `${proxy.id} answers and has ${counted(length, 'route', 'routes')} of ours.`);
  });
  return [finding];
};

/** The addresses of providers, by the variable that names them. */
const addressesIn = (options: Config['options']): [variable: string, url: string][] =>
  Object.values(options)
    .flatMap((given) => Object.entries((given ?? {}) as Record<string, unknown>))
    .filter(([name, value]) => name.endsWith('_URL') && typeof value === 'string' && !value.includes('*'))
    .map(([name, value]) => [name, String(value)]);

/** Compares this machine's clock with what providers say in their answers. One that does not answer is told elsewhere. */
export const checkProviderClocks = async ({ options }: Pick<Config, 'options'>): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const [variable, url] of addressesIn(options)) {
    const date = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(3_000) }).then(
      ({ headers }) => Date.parse(headers.get('date') ?? ''),
      () => Number.NaN,
    );
    if (Number.isNaN(date)) continue;
    const skew = date - Date.now();
    if (Math.abs(skew) <= allowedSkewMs) continue;
    const size = formatDuration(Math.abs(skew));
    findings.push(
      bad(
        'clock',
        `The clock of ${variable} is ${size} ${skew > 0 ? 'ahead of' : 'behind'} this machine's.`,
        'Let both be set by NTP: tokens and certificates have their times.',
      ),
    );
  }
  return findings;
};
