/** What a pattern of the contract asks for, as a person would put it: its `x-form`. */
import type { OpenApiDocument } from '../contract/document.ts';

export type PatternWords = ReadonlyMap<string, string>;

export const patternWordsOf = (document: OpenApiDocument): PatternWords => {
  const words = new Map<string, string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { pattern, 'x-form': form } = value as { pattern?: unknown; 'x-form'?: unknown };
    if (typeof pattern === 'string' && typeof form === 'string') words.set(pattern, form);
    for (const item of Object.values(value)) look(item);
  };
  look(document);
  return words;
};

const term = /^must match pattern "(.*)"$/s;

/** What the validator threw, with the words in place of patterns. */
export const inPatternWords = (error: unknown, words: PatternWords): unknown => {
  const { errors } = (error ?? {}) as { errors?: { message: string }[] };
  for (const one of Array.isArray(errors) ? errors : []) {
    const form = words.get(term.exec(one.message)?.[1] ?? '');
    if (form !== undefined) one.message = `must be ${form}`;
  }
  return error;
};
