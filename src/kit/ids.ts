import { randomBytes } from 'node:crypto';
import { monotonicFactory } from 'ulid';

/** A new ULID: 26 characters, sortable by time, rising within one process. */
export const newId: () => string = monotonicFactory();

// Crockford's base32 in lower case: no letter that is mistaken for another when read aloud.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** `length` random characters of [0-9a-z] from the operating system's generator, 5 bits each. */
export const randomText = (length: number): string =>
  Array.from(randomBytes(length), (byte) => alphabet[byte & 31]).join('');
