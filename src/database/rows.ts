/**
 * Codecs for columns that come back differently: a `bigint` column is a number
 * where that holds it exactly; beyond that it is a string from MySQL and a
 * BigInt from SQLite.
 */

const unreadable = (value: unknown, wanted: string): Error => {
  // Only the type is told: the value may be a secret or somebody's name.
  const type = value === null ? 'null' : typeof value;
  return new Error(`A database column holds ${type} where ${wanted} was expected`);
};

/** Money and other whole numbers of any size. Throws on a fraction, on text that is no number and on null. */
export const big = (value: unknown): bigint => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw unreadable(value, 'a whole number');
};

/** Like `big`, for a column that may be NULL. */
export const bigOrNull = (value: unknown): bigint | null => (value === null ? null : big(value));

/** Instants (epoch milliseconds), counts and sizes. Throws when a number cannot hold the value exactly. */
export const int = (value: unknown): number => {
  if (Number.isSafeInteger(value)) return value as number;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : Number(big(value));
  if (!Number.isSafeInteger(number)) throw unreadable(value, 'a whole number below 2^53');
  return number;
};

/** Like `int`, for a column that may be NULL. */
export const intOrNull = (value: unknown): number | null => (value === null ? null : int(value));

/** A flag kept as 0 or 1. Throws on anything else. */
export const bool = (value: unknown): boolean => {
  const number = int(value);
  if (number === 0) return false;
  if (number === 1) return true;
  throw unreadable(value, '0 or 1');
};

/** Parses a column that `toJson` wrote. The caller vouches for the shape. Throws on text that is not JSON. */
export const json = <T>(text: unknown): T => {
  if (typeof text !== 'string') throw unreadable(text, 'JSON text');
  try {
    return JSON.parse(text) as T;
  } catch {
    // JSON.parse quotes the text in its message, which may hold a secret.
    throw unreadable(text, 'JSON text');
  }
};

/** Like `json`, for a column that may be NULL. */
export const jsonOrNull = <T>(text: unknown): T | null => (text === null ? null : json<T>(text));

/** Text for a JSON column. Throws on what JSON cannot say: undefined, a function, a bigint, a cycle. */
export const toJson = (value: unknown): string => {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new Error(`A ${typeof value} cannot be written as JSON`);
  return text;
};
