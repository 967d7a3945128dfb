/** Variables that hold several values: with commas between, or from the first to the last. */
import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';

const isRange = (text: string): boolean => {
  const [address = '', bits, more] = text.split('/');
  if (isIP(address) === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128));
};

/** IP addresses and ranges. */
export const addressRanges = z.string().transform((text, context) => {
  const ranges = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (ranges.every(isRange)) return ranges;
  context.addIssue({
    code: 'custom',
    message: 'must be IP addresses or ranges with commas between, e.g. 10.0.0.0/8,2001:db8::/32',
  });
  return z.NEVER;
});

/** Origins, as a browser names them. */
export const origins = z.string().transform((text, context) => {
  const list = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)) return list;
  context.addIssue({
    code: 'custom',
    message: 'must be origins with commas between, each just scheme, name and port, e.g. https://panel.example.com',
  });
  return z.NEVER;
});

/** Headers for a request, with their values percent-encoded. */
export const headerPairs = z
  .string()
  .regex(/^[\w-]+=[^,\s]+(,[\w-]+=[^,\s]+)*$/, 'must look like name=value,other=value')
  .refine((text) => !/%(?![0-9A-Fa-f]{2})/.test(text), 'must have its values percent-encoded');

export const httpAddress = z
  .string()
  .refine(
    (text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol),
    'must be an address that begins with http:// or https://',
  );

/** `a.b.c.d` as a number. */
export const ipToNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

export const numberToIp = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');

export interface Range {
  start: number;
  end: number;
}

const toIpRange = (text: string): Range | null => {
  const [start = '', end = ''] = text.split('-').map((part) => part.trim());
  if (!isIPv4(start) || !isIPv4(end) || ipToNumber(start) > ipToNumber(end)) return null;
  return { start: ipToNumber(start), end: ipToNumber(end) };
};

/** Only Proxmox gives the addresses to something, so only there they must be of a real network. */
export const defaultPrivateIps = (compute: string): Range =>
  toIpRange(compute === 'proxmox' ? '192.168.1.100-192.168.1.253' : '10.64.0.1-10.64.255.254')!;

export const ipRange = z.string().transform((text, context) => {
  const range = toIpRange(text);
  if (range) return range;
  context.addIssue({
    code: 'custom',
    message: 'must be two IPv4 addresses with a hyphen between, e.g. 192.168.1.100-192.168.1.253',
  });
  return z.NEVER;
});

export const numberRange = z.string().transform((text, context) => {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text);
  if (match && Number(match[1]) <= Number(match[2])) return { start: Number(match[1]), end: Number(match[2]) };
  context.addIssue({ code: 'custom', message: 'must be two numbers with a hyphen between, e.g. 100-999999' });
  return z.NEVER;
});

/** A nameserver to ask. */
export interface ServerAddress {
  address: string;
  port: number;
}

const serverAddress = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)|([0-9a-f:]+:[0-9a-f:.]*))(?::([0-9]{1,5}))?$/i;

export const serverAddresses = z.string().transform((text, context): ServerAddress[] =>
  text.split(',').map((part) => {
    const [, bracketed, four, six, port = '53'] = serverAddress.exec(part.trim()) ?? [];
    const address = bracketed ?? four ?? six ?? '';
    if (isIP(address) === 0 || Number(port) > 65_535) {
      context.addIssue({
        code: 'custom',
        message:
          'must be IP addresses with commas between, each with :port where it is not 53, e.g. 192.0.2.53,[2001:db8::53]:5353',
      });
    }
    return { address, port: Number(port) };
  }),
);
