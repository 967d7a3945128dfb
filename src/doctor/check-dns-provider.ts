/** Whether the DNS provider lets us in, when it is not in this process. */
import type { Provisor } from '../app.ts';
import type { Config } from '../config.ts';
import { ProviderError, type ProviderErrorKind } from '../kit/errors.ts';
import { bad, type Finding, good, note } from './finding.ts';

const check = 'dns';

const remedies: Partial<Record<ProviderErrorKind, string>> = {
  auth: 'See whether its key or password is right and has the rights that deploy/providers.md names.',
  rate_limited: 'Wait a little; if it lasts, see who else uses the same account.',
  unavailable: 'See whether its address in the configuration is right and can be reached from here.',
};

/** Asks for the zone of the sites. A provider in this process is left to `checkListeners`. */
export const checkDnsProvider = async (
  { PROVISOR_DNS, PROVISOR_SITE_DOMAIN }: Pick<Config, 'PROVISOR_DNS' | 'PROVISOR_SITE_DOMAIN'>,
  dns: Pick<Provisor['providers']['dns'], 'getZone' | 'id'>,
  timeoutMs = 10_000,
): Promise<Finding[]> => {
  if (PROVISOR_DNS === 'local') return [];
  try {
    const zone = await dns.getZone(`${PROVISOR_SITE_DOMAIN}.`, AbortSignal.timeout(timeoutMs));
    return zone
      ? [good(check, `${dns.id} answers and has the zone ${PROVISOR_SITE_DOMAIN}.`)]
      : [note(check, `${dns.id} answers; the zone ${PROVISOR_SITE_DOMAIN} is not there yet, the first site makes it.`)];
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const remedy = remedies[error.kind] ?? 'The message is from the provider: its manual says more.';
    return [bad(check, `${dns.id} does not let us work: ${error.message}.`, remedy)];
  }
};
