import { ProviderError } from '../../kit/errors.ts';
import type { Zone } from '../../ports/dns.ts';
import { isTargetName, isZoneName } from './names.ts';

/** The zone of a wish, its nameservers in lower case. Errors: `invalid` for names that no provider would take. */
export const wishedZone = (provider: string, wish: Zone): Zone => {
  const nameservers = wish.nameservers.map((host) => host.toLowerCase());
  if (!isZoneName(wish.name)) throw new ProviderError(provider, 'invalid', `"${wish.name}" cannot be a zone's name`);
  const odd = nameservers.find((host) => host === '.' || !isTargetName(host));
  if (odd !== undefined) throw new ProviderError(provider, 'invalid', `"${odd}" cannot be a nameserver's name`);
  return { name: wish.name, nameservers };
};
