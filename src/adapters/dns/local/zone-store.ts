import { join } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { createSqliteFile } from '../../../kit/sqlite-file.ts';
import type { RRset, RRType } from '../../../ports/dns.ts';
import { parentOf } from '../names.ts';

/** The zones and their RRsets in `<dataDir>/dns.sqlite`. Nothing is cached: what another process writes counts at once. */

export interface StoredZone {
  name: string;
  owner: string;
  nameservers: string[];
  serial: number;
}

/** What the resolver reads. */
export interface ZoneReader {
  /** The zone that a name is in: the one with the longest name. */
  zoneOf(name: string): StoredZone | null;
  rrsetsAt(zone: string, name: string): RRset[];
  /** Whether any name below `name` has records. */
  hasNameBelow(zone: string, name: string): boolean;
}

export interface ZoneStore extends ZoneReader {
  getZone(name: string): StoredZone | null;
  listZones(): StoredZone[];
  listRRsets(zone: string): RRset[];
  insertZone(zone: Omit<StoredZone, 'serial'>): void;
  deleteZone(name: string): void;
  putRRset(zone: string, rrset: RRset): void;
  deleteRRset(zone: string, name: string, type: RRType): void;
  /** Secondaries and caches see a change by it, so it rises with every one. Only within {@link transaction}. */
  raiseSerial(zone: string): void;
  /** Runs `work` whole or not at all. */
  transaction<Result>(work: () => Result): Result;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS zones (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    nameservers TEXT NOT NULL,
    serial INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS rrsets (
    zone TEXT NOT NULL REFERENCES zones (name) ON DELETE CASCADE,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    ttl INTEGER NOT NULL,
    rdata TEXT NOT NULL,
    PRIMARY KEY (zone, path, type)
  ) STRICT, WITHOUT ROWID;
`;

const queries = {
  zone: 'SELECT name, owner, nameservers, serial FROM zones WHERE name = ?',
  zones: 'SELECT name, owner, nameservers, serial FROM zones ORDER BY name',
  insertZone: 'INSERT INTO zones (name, owner, nameservers, serial) VALUES (?, ?, ?, ?)',
  deleteZone: 'DELETE FROM zones WHERE name = ?',
  setSerial: 'UPDATE zones SET serial = ? WHERE name = ?',
  at: 'SELECT path, type, ttl, rdata FROM rrsets WHERE zone = ? AND path = ? ORDER BY type',
  all: 'SELECT path, type, ttl, rdata FROM rrsets WHERE zone = ? ORDER BY path, type',
  below: 'SELECT 1 FROM rrsets WHERE zone = ? AND path > ? AND path < ? LIMIT 1',
  put: `INSERT INTO rrsets (zone, path, type, ttl, rdata) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET ttl = excluded.ttl, rdata = excluded.rdata`,
  delete: 'DELETE FROM rrsets WHERE zone = ? AND path = ? AND type = ?',
};

// A name is stored as its labels from the root down (`com.example.www.`), so that
// everything below a name is one range of the index. Undoes itself.
const reversed = (name: string): string => `${name.slice(0, -1).split('.').reverse().join('.')}.`;

const serialSpan = 2 ** 32;

type Statements = Record<keyof typeof queries, StatementSync>;
type Row = Record<string, unknown>;

const toZone = (row: Row): StoredZone => ({
  name: String(row.name),
  owner: String(row.owner),
  nameservers: JSON.parse(String(row.nameservers)),
  serial: Number(row.serial),
});

const toRRset = (row: Row): RRset => ({
  name: reversed(String(row.path)),
  type: String(row.type) as RRType,
  ttl: Number(row.ttl),
  rdata: JSON.parse(String(row.rdata)),
});

// Seconds since 1970, so that a zone that is deleted and made anew does not fall
// back behind the serial that others remember.
const serialNow = (): number => Math.floor(Date.now() / 1_000) % serialSpan;

/** The serial after this one: as late as the clock, or one more. Later in the sense of RFC 1982, past 2^32 too. */
const serialAfter = (serial: number): number => {
  const now = serialNow();
  const ahead = (now - serial + serialSpan) % serialSpan;
  return ahead > 0 && ahead < serialSpan / 2 ? now : (serial + 1) % serialSpan;
};

export const createZoneStore = (dataDir: string): ZoneStore => {
  const file = createSqliteFile(join(dataDir, 'dns.sqlite'), schema);
  let statements: Statements | undefined;

  const use = (): Statements => {
    if (!statements) {
      const database = file.open();
      const prepared = Object.entries(queries).map(([key, sql]) => [key, database.prepare(sql)]);
      statements = Object.fromEntries(prepared) as Statements;
    }
    return statements;
  };

  const getZone = (name: string): StoredZone | null => {
    const row = use().zone.get(name);
    return row ? toZone(row) : null;
  };

  return {
    getZone,
    listZones: () => use().zones.all().map(toZone),
    zoneOf: (name) => {
      for (let at = name; at !== '.'; at = parentOf(at)) {
        const zone = getZone(at);
        if (zone) return zone;
      }
      return null;
    },
    listRRsets: (zone) => use().all.all(zone).map(toRRset),
    rrsetsAt: (zone, name) => use().at.all(zone, reversed(name)).map(toRRset),
    hasNameBelow: (zone, name) => {
      const path = reversed(name);
      // '/' comes right after '.', so the range holds what begins with `path`.
      return use().below.get(zone, path, `${path.slice(0, -1)}/`) !== undefined;
    },
    insertZone: ({ name, owner, nameservers }) => {
      use().insertZone.run(name, owner, JSON.stringify(nameservers), serialNow());
    },
    deleteZone: (name) => {
      use().deleteZone.run(name);
    },
    putRRset: (zone, { name, type, ttl, rdata }) => {
      use().put.run(zone, reversed(name), type, ttl, JSON.stringify(rdata));
    },
    deleteRRset: (zone, name, type) => {
      use().delete.run(zone, reversed(name), type);
    },
    raiseSerial: (zone) => {
      const present = getZone(zone);
      if (present) use().setSerial.run(serialAfter(present.serial), zone);
    },
    transaction: (work) => file.transaction(work),
    close: () => {
      statements = undefined;
      file.close();
    },
  };
};
