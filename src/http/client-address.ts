/** Whose request this is, when proxies stand between: nobody can make it say another's address. */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/** `::ffff:192.0.2.1` is how a socket for both families shows an IPv4 address. */
const plain = (address: string): string => {
  const inner = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return inner !== undefined && isIPv4(inner) ? inner : address;
};

/**
 * The address that a request came from. `trusted` are addresses and ranges (`10.0.0.0/8`), checked by the configuration.
 * `X-Forwarded-For` is read from its end for as long as what stands there was
 * written by a trusted proxy; without trusted proxies it is not read at all.
 */
export const createClientAddress = (trusted: readonly string[]) => {
  const list = new BlockList();
  const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');
  for (const range of trusted) {
    const [address = '', bits] = range.split('/');
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  const isTrusted = (address: string) => list.check(address, familyOf(address));

  return (peer: string | undefined, forwarded: string | undefined): string => {
    let address = plain(peer ?? '');
    if (isIP(address) === 0) return 'unknown';
    if (trusted.length === 0 || forwarded === undefined) return address;
    const hops = forwarded.split(',');
    while (isTrusted(address)) {
      const hop = hops.pop();
      if (hop === undefined) break;
      const before = plain(hop.trim().replace(/^\[(.*)\]$/, '$1'));
      // What a trusted proxy could not name is nobody else's to name.
      if (isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
};

/** What is limited together: an IPv4 address, or the network that one customer of an IPv6 provider has whole. */
export const networkOf = (address: string): string => {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const middle = tail === undefined ? [] : new Array(Math.max(0, 8 - front.length - back.length)).fill('0');
  const groups = [...front, ...middle, ...back].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
};
