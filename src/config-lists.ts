/** Variables that hold several values, with commas between. */
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
