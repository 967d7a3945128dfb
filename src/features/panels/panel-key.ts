/**
 * Bearer keys: `pvr_<keyid>_<secret>`. The key is found by its id; of the secret
 * only a keyed hash is stored, so a thief of the database alone cannot make one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomText } from '../../kit/ids.ts';

export const scopes = [
  'sites:read',
  'sites:write',
  'dns:read',
  'dns:write',
  'plans:read',
  'plans:write',
  'operations:read',
  'operations:write',
  'support:read',
  'support:write',
  'audit:read',
  'drift:read',
  'webhooks:read',
  'webhooks:write',
  'metrics:read',
] as const;

export type Scope = (typeof scopes)[number];

/** What a panel needs; changing plans, what is outside without a panel, and figures of all panels are the operator's. */
export const panelScopes: readonly Scope[] = [
  'sites:read',
  'sites:write',
  'dns:read',
  'dns:write',
  'plans:read',
  'operations:read',
  'operations:write',
  'support:read',
  'support:write',
  'audit:read',
  'webhooks:read',
  'webhooks:write',
];

export interface PanelKey {
  id: string;
  panelId: string;
  secretMac: string;
  scopes: Scope[];
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

/** A key as it is shown once. 50 random characters of 5 bits make the secret. */
export const makeKey = (): { id: string; secret: string; text: string } => {
  const id = randomText(12);
  const secret = randomText(50);
  return { id, secret, text: `pvr_${id}_${secret}` };
};

/** The two parts of a key, or null when it does not have the form of one. */
export const parseKey = (text: string): { id: string; secret: string } | null => {
  const match = /^pvr_([0-9a-z]{12})_([0-9a-z]{50})$/.exec(text);
  return match?.[1] && match[2] ? { id: match[1], secret: match[2] } : null;
};

/** HMAC-SHA256 of the secret with the server's pepper, in hex. The id is hashed along, so a row cannot be copied to another id. */
export const macOf = (pepper: string, id: string, secret: string): string =>
  createHmac('sha256', pepper).update(`${id}:${secret}`).digest('hex');

/** Compares in constant time. */
export const macEquals = (left: string, right: string): boolean => {
  const a = Buffer.from(left, 'hex');
  const b = Buffer.from(right, 'hex');
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
};
