import { createHash } from 'node:crypto';
import type { RRset } from '../../ports/dns.ts';

/**
 * Whose a zone is, where the provider has no place for it: a TXT record of ours
 * inside the zone. It is public, so it names the owner by a hash.
 */

/** The same for the same owner on every attempt; 32 hexadecimal digits. */
export const ownerTag = (owner: string): string => createHash('sha256').update(owner).digest('hex').slice(0, 32);

export const markerName = (zone: string): string => `_provisor-zone.${zone}`;

export const markerText = (owner: string): string => `owner=${ownerTag(owner)}`;

/** Whether an RRset belongs to the zone itself and is not for customers: the marker, and the NS at the apex. */
export const isZonesOwn = (zone: string, { name, type }: Pick<RRset, 'name' | 'type'>): boolean =>
  (name === markerName(zone) && type === 'TXT') || (name === zone && type === 'NS');
