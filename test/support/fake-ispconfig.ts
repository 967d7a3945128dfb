/**
 * A fake of ISPConfig's remote API over JSON, as far as dns/ispconfig calls it,
 * written from the source of ISPConfig 3.2. It keeps what bites: status 200 for
 * every fault, sessions that end, numbers as strings, records that outlive their
 * zone, ids that are asked of nobody, names matched by their beginning, the rules
 * of its forms. That a nameserver then serves the zones only a real one can show.
 */
import { randomBytes } from 'node:crypto';
import { type FakeReply, startFakeServer } from './fake-server.ts';

export type Row = Record<string, string>;

export interface FakeIspConfig {
  /** Without `/remote/json.php`. */
  url: string;
  user: string;
  password: string;
  zones: Row[];
  records: Row[];
  putZone(origin: string, records?: Row[], more?: Row): Row;
  /** Methods, in the order of the calls. */
  calls: string[];
  expireSessions(): void;
  /** Called before each method is carried out. */
  meanwhile: (method: string) => void;
  /** The fault that a method ends with instead of being carried out. */
  faultOf: (method: string) => string | undefined;
  stop(): Promise<void>;
}

class Fault extends Error {}

const nameRules: Record<string, RegExp> = {
  MX: /^[a-zA-Z0-9.-]{0,255}$/,
  SRV: /^[a-zA-Z0-9._-]{0,255}$/,
  TXT: /^(\*\.|[a-zA-Z0-9._-]){0,255}$/,
};
const anyName = /^[a-zA-Z0-9._*-]{0,255}$/;
const dataRules: Record<string, RegExp> = {
  MX: /^[a-zA-Z0-9.-]{1,255}$/,
  SRV: /^[\w.-]{0,64}\s[\w.-]{0,64}\s[\w.-]{0,64}$/,
  CNAME: /^[a-zA-Z0-9._-]{1,255}$/,
  NS: /^[a-zA-Z0-9._-]{1,255}$/,
};

const checkForm = ({ name = '', type = '', data = '', ttl = '' }: Row): void => {
  if (!(nameRules[type] ?? anyName).test(name)) throw new Fault('name_error_regex<br />');
  if (data === '') throw new Fault('data_error_empty<br />');
  if (dataRules[type]?.test(data) === false) throw new Fault('data_error_regex<br />');
  if (Number(ttl) < 60) throw new Fault('ttl_range_error<br />');
};

const texts = (params: unknown): Row =>
  Object.fromEntries(Object.entries(params as object).map(([key, value]) => [key, String(value)]));

/** The rows of a filter; `%` stands for anything, as in SQL. */
const matching = (rows: Row[], filter: unknown): Row[] =>
  rows.filter((row) =>
    Object.entries(texts(filter)).every(([key, wanted]) =>
      wanted.includes('%') ? row[key]?.startsWith(wanted.replaceAll('%', '')) : row[key] === wanted,
    ),
  );

export const startFakeIspConfig = async (): Promise<FakeIspConfig> => {
  const user = 'provisor';
  const password = 'isp-password-of-the-tests';
  let sessions = new Set<string>();
  let ids = 0;
  const newId = () => String(++ids);

  const take = (rows: Row[], id: unknown): number => {
    const at = rows.findIndex((row) => row.id === String(id));
    if (at >= 0) rows.splice(at, 1);
    return at >= 0 ? 1 : 0;
  };

  const raiseSerial = (zoneId: string | undefined): void => {
    const zone = fake.zones.find(({ id }) => id === zoneId);
    if (zone) zone.serial = String(Number(zone.serial) + 1);
  };

  const changeRecord = (type: string, verb: string, params: Record<string, unknown>): unknown => {
    const { primary_id: id, update_serial: raises } = params;
    const present = fake.records.find((row) => row.id === String(id));
    if (verb === 'delete') {
      if (raises) raiseSerial(present?.zone);
      return take(fake.records, id);
    }
    const row = texts(params.params);
    checkForm({ ...row, type });
    if (raises) raiseSerial(row.zone);
    if (verb === 'add') {
      const added = newId();
      fake.records.push({ ...row, id: added });
      return added;
    }
    if (present) Object.assign(present, row);
    return present ? 1 : 0;
  };

  const carryOut = (method: string, params: Record<string, unknown>): unknown => {
    if (method === 'dns_zone_get') return matching(fake.zones, params.primary_id);
    if (method === 'dns_ns_get') return matching(fake.records, params.primary_id);
    if (method === 'dns_rr_get_all_by_zone') return matching(fake.records, { zone: params.zone_id });
    if (method === 'dns_zone_add') {
      const row = texts(params.params);
      if (fake.zones.some(({ origin }) => origin === row.origin)) throw new Fault('origin_error_unique<br />');
      return fake.putZone(row.origin ?? '', [], row).id;
    }
    // The records stay behind.
    if (method === 'dns_zone_delete') return take(fake.zones, params.primary_id);
    const [, type = '', verb = ''] = /^dns_([a-z]+)_(add|update|delete)$/.exec(method) ?? [];
    if (type === '') throw new Error('unknown');
    return changeRecord(type.toUpperCase(), verb, params);
  };

  const reply = (code: string, message: string, response: unknown): FakeReply => ({
    status: 200,
    body: { code, message, response },
  });

  const server = await startFakeServer(({ query, body }) => {
    const method = [...query.keys()][0] ?? '';
    const { session_id, ...params } = (body ?? {}) as Record<string, unknown>;
    fake.calls.push(method);
    try {
      fake.meanwhile(method);
      const fault = fake.faultOf(method);
      if (fault) throw new Fault(fault);
      if (method === 'login') {
        if (params.username !== user || params.password !== password)
          throw new Fault('The login failed. Username or password wrong.');
        const session = randomBytes(16).toString('hex');
        sessions.add(session);
        return reply('ok', '', session);
      }
      if (!sessions.has(String(session_id))) throw new Fault('The Session is expired or does not exist.');
      return reply('ok', '', carryOut(method, params));
    } catch (error) {
      if (error instanceof Fault) return reply('remote_fault', error.message, false);
      return reply('invalid_method', `Method ${method} does not exist`, false);
    }
  });

  const fake: FakeIspConfig = {
    url: server.url,
    user,
    password,
    zones: [],
    records: [],
    putZone: (origin, records = [], more = {}) => {
      const zone: Row = { serial: '2024010101', server_id: '1', active: 'Y', ...more, id: newId(), origin };
      fake.zones.push(zone);
      for (const row of records)
        fake.records.push({ zone: zone.id!, server_id: '1', aux: '0', ttl: '300', active: 'Y', ...row, id: newId() });
      return zone;
    },
    calls: [],
    expireSessions: () => {
      sessions = new Set();
    },
    meanwhile: () => {},
    faultOf: () => undefined,
    stop: server.stop,
  };
  return fake;
};
