/** Which values of the configuration are secrets, for whatever has to blank them out. */
import { z } from 'zod';

const isSecret = (type: z.ZodType): boolean => {
  if (z.globalRegistry.get(type)?.secret === true) return true;
  const inner = (type._zod.def as { innerType?: z.ZodType }).innerType;
  return inner !== undefined && isSecret(inner);
};

/** The variables of a schema that are marked as secret. */
export const secretNames = (shape: Record<string, z.ZodType>): string[] =>
  Object.entries(shape)
    .filter(([, type]) => isSecret(type))
    .map(([name]) => name);

/** Of what is percent-encoded; what is not stays as it is. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The secrets of an environment: whole values, and the passwords in addresses. */
export const secretsOf = (given: Record<string, unknown>, names: readonly string[]): string[] => {
  const whole = names.map((name) => given[name]).filter((value) => typeof value === 'string');
  const passwords = Object.values(given)
    .filter((value) => typeof value === 'string')
    .map((value) => (value.includes('@') && URL.canParse(value) ? new URL(value).password : ''))
    .filter((password) => password !== '')
    .flatMap((password) => [password, decoded(password)]);
  const inHeaders = String(given.PROVISOR_OTLP_HEADERS ?? '')
    .split(',')
    .map((header) => decoded(header.slice(header.indexOf('=') + 1)));
  return [...new Set([...whole, ...passwords, ...inHeaders])].filter((secret) => secret !== '');
};
