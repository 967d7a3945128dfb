import type { IncomingMessage } from 'node:http';
import { isHostname } from '../../../kit/hostname.ts';

/**
 * The host name that a request is for: lower-case, without port and trailing
 * dot. Null when the request does not name exactly one.
 */
export const requestHost = ({ rawHeaders, url }: IncomingMessage): string | null => {
  // An absolute target names a host of its own, which need not be the one in `Host`.
  if (!url?.startsWith('/')) return null;
  // Node keeps the first of two `Host` headers; a server behind us may keep the last.
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
  if (hosts.length !== 1) return null;
  const [, name] = /^([^:]+?)\.?(?::\d{0,5})?$/.exec(hosts[0]!.toLowerCase()) ?? [];
  return name !== undefined && isHostname(name) ? name : null;
};
