/** Names of zones and records: absolute, lower-case, with the trailing dot. */

import { isHostname } from '../../kit/hostname.ts';

const isHostLike = (name: string): boolean => name.endsWith('.') && isHostname(name.slice(0, -1));

/** Whether `name` may be a zone's: absolute, lower-case, not the root. */
export const isZoneName = (name: string): boolean => isHostLike(name);

/** Whether `name` may own records: like a zone's name, with `*` allowed as its first label. */
export const isOwnerName = (name: string): boolean => isHostLike(name.startsWith('*.') ? name.slice(2) : name);

/** Whether `name` may be the target of a record; upper case is fine there, and so is the root. */
export const isTargetName = (name: string): boolean => name === '.' || isHostLike(name.toLowerCase());

/** Whether `name` is the zone's own name or below it. */
export const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

/** The name without its first label; the root for a single label. */
export const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1) || '.';
