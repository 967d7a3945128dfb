import { randomBytes, randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

// An id takes sixteen random numbers. To ask the system for each took longer than all the rest of it.
const numbers = new Uint32Array(1024);
let taken = numbers.length;

const random = (): number => {
  if (taken === numbers.length) {
    randomFillSync(numbers);
    taken = 0;
  }
  const number = numbers[taken]!;
  taken += 1;
  return number / 2 ** 32;
};

/** A new ULID: 26 characters, sortable by time, rising within one process. */
export const newId: () => string = monotonicFactory(random);

// Crockford's base32 in lower case: no letter that is mistaken for another when read aloud.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** `length` random characters of [0-9a-z] from the operating system's generator, 5 bits each. */
export const randomText = (length: number): string =>
  Array.from(randomBytes(length), (byte) => alphabet[byte & 31]).join('');
