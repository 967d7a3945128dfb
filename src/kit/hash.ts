import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** SHA-256 of the canonical JSON (RFC 8785): equal for equal values, whatever the order of their keys. */
export const hashJson = (value: unknown): string => sha256(canonicalize(value) ?? 'null');
