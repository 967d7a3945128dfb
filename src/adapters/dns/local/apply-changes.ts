import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import type { RRset, RRsetChange } from '../../../ports/dns.ts';
import { auditRRset, sameRRset } from './audit-rrset.ts';
import { isWithin } from './names.ts';
import type { ZoneStore } from './zone-store.ts';

const refuse = (kind: ProviderErrorKind, message: string): never => {
  throw new ProviderError('dns/local', kind, message);
};

const describe = ({ name, type }: RRset): string => `${name} ${type}`;

const checkWish = (zone: string, rrset: RRset): void => {
  const fault = auditRRset(rrset);
  if (fault) refuse('invalid', `${describe(rrset)} cannot be held: ${fault}`);
  if (!isWithin(rrset.name, zone)) refuse('invalid', `${describe(rrset)} is outside the zone ${zone}`);
  if (rrset.type === 'CNAME' && rrset.name === zone)
    refuse('invalid', `${zone} cannot be a CNAME: it is the zone's own name`);
};

const checkAloneness = (store: ZoneStore, zone: string, names: Set<string>): void => {
  for (const name of names) {
    const types = store.rrsetsAt(zone, name).map((rrset) => rrset.type);
    if (types.length > 1 && types.includes('CNAME'))
      refuse('invalid', `${name} cannot have a CNAME beside other records`);
  }
};

/** Carries out the changes in order, whole or not at all; the port says which of them are conflicts. */
export const applyChanges = (store: ZoneStore, zone: string, changes: RRsetChange[]): void => {
  store.transaction(() => {
    if (!store.getZone(zone)) refuse('not_found', `There is no zone ${zone}`);
    const touched = new Set<string>();

    const put = (rrset: RRset) => {
      store.putRRset(zone, rrset);
      touched.add(rrset.name);
    };

    for (const change of changes) {
      const wished = change.op === 'delete' ? change.old : change.new;
      const present = store.rrsetsAt(zone, wished.name).find((rrset) => rrset.type === wished.type);

      if (change.op === 'delete') {
        // What cannot be held here was never here, so its deletion is done.
        if (!present || auditRRset(change.old) !== null || !sameRRset(present, change.old)) continue;
        store.deleteRRset(zone, wished.name, wished.type);
        touched.add(wished.name);
        continue;
      }

      checkWish(zone, wished);
      if (present && sameRRset(present, wished)) continue;
      if (change.op === 'update') {
        const { old } = change;
        if (old.name !== wished.name || old.type !== wished.type) {
          refuse('invalid', `An update cannot turn ${describe(old)} into ${describe(wished)}`);
        }
        const isTheOldOne = !present || (auditRRset(old) === null && sameRRset(present, old));
        if (!isTheOldOne) refuse('conflict', `${describe(wished)} has been changed by someone else`);
      } else if (present) {
        refuse('conflict', `${describe(wished)} is there already with other data`);
      }
      put(wished);
    }

    checkAloneness(store, zone, touched);
    if (touched.size > 0) store.raiseSerial(zone);
  });
};
