/**
 * Which addresses may be called. A panel chooses the url, so without this it could
 * have us call what only we can reach: our own machine, the network behind us, the
 * metadata service of a cloud. Only public addresses are called, and networks that
 * the operator names.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

const notPublic4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Within 2000::/3, outside of which nothing is public: protocol assignments and Teredo, documentation, 6to4. */
const notPublic6: [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const listOf = (networks: readonly [string, number][]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
  return list;
};

const hasIn = (list: BlockList, address: string): boolean => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');

/** An IPv4 address in IPv6's clothes (`::ffff:10.0.0.1`, also in hexadecimal) as itself. */
const plain = (address: string): string => {
  const canonical = isIPv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
};

/** Says of an address whether it may be called, given the ranges that may be although they are not public. What is no address may not. */
export const createAddressRule = (allow: readonly string[]): ((address: string) => boolean) => {
  const blocked = listOf([...notPublic4, ...notPublic6]);
  const global6 = listOf([['2000::', 3]]);
  const allowed = listOf(
    allow.map((range) => {
      const [address = '', prefix = isIPv4(address) ? 32 : 128] = range.split('/');
      return [address, Number(prefix)];
    }),
  );
  return (address) => {
    // A zone (`fe80::1%eth0`) names one of our own interfaces.
    if (isIP(address) === 0 || address.includes('%')) return false;
    const own = plain(address);
    if (hasIn(allowed, own)) return true;
    return !hasIn(blocked, own) && (isIPv4(own) || hasIn(global6, own));
  };
};
