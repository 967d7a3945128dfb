/**
 * What an operator types, checked like what a panel sends: the CLI calls the use
 * cases directly, past the contract check. A test compares these rules with openapi.yaml.
 */
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

export const patterns = {
  serviceId: /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}$/,
  customerId: /^[A-Za-z0-9._:-]{1,64}$/,
  subdomain: /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/,
  planName: /^[a-z0-9][a-z0-9._-]{0,63}$/,
  operationId: /^[0-9A-HJKMNP-TV-Z]{26}$/,
};

export const planRanges = {
  memoryMb: { min: 64, max: 1_048_576 },
  diskMb: { min: 64, max: 104_857_600 },
  backups: { min: 0, max: 1000 },
  domains: { min: 0, max: 1000 },
};

export const longestReason = 200;
export const longestEmail = 254;

const panelName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const matching = (pattern: RegExp, sentence: string) => (text: string) => {
  if (pattern.test(text)) return text;
  throw new InvalidArgumentError(sentence);
};

export const parseServiceId = matching(patterns.serviceId, 'Give 1 to 64 letters, digits, dots, colons, _ or -.');
export const parseCustomerId = matching(patterns.customerId, 'Give 1 to 64 letters, digits, dots, colons, _ or -.');
export const parseSubdomain = matching(
  patterns.subdomain,
  'Give 1 to 32 lower-case letters, digits or hyphens, with no hyphen at either end.',
);
export const parsePlanName = matching(
  patterns.planName,
  'Give 1 to 64 lower-case letters, digits, dots, _ or -, beginning with a letter or digit.',
);
export const parsePanelName = matching(
  panelName,
  'Give 1 to 64 letters, digits, dots, _ or -, beginning with a letter or digit.',
);

const checkOperationId = matching(patterns.operationId, 'An operation has an id of 26 letters and digits.');
export const parseOperationId = (text: string): string => checkOperationId(text.toUpperCase());

export const parseEmail = (text: string): string => {
  if (text.length <= longestEmail && z.email().safeParse(text).success) return text;
  throw new InvalidArgumentError('Give an e-mail address, e.g. alice@example.com.');
};

export const parseIp = (text: string): string => {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('Give an IPv4 or IPv6 address.');
};

export const parseReason = (text: string): string => {
  if ([...text].length <= longestReason) return text;
  throw new InvalidArgumentError(`Say it in ${longestReason} characters at most.`);
};

/** For an option that takes a whole number from `min` to `max`. */
export const parseWhole =
  ({ min, max }: { min: number; max: number }) =>
  (text: string): number => {
    const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
