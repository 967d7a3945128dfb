/**
 * A fake of Cloudflare's API v4, as far as dns/cloudflare calls it, written from
 * its documentation and the types of its package. It keeps what bites: pages, the
 * envelope, codes, one transaction for a batch, records told apart by content,
 * relative names that get the zone appended, limits of TTL and of a batch.
 * That Cloudflare itself does the same only a test at Cloudflare can show.
 */
import { randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { type FakeReply, type FakeRequest, startFakeServer } from './fake-server.ts';

export interface FakeRecord {
  id: string;
  name: string;
  type: string;
  ttl: number;
  content: string;
  priority?: number;
  data?: Record<string, unknown>;
  comment?: string;
  proxied: boolean;
}

export interface FakeZone {
  id: string;
  name: string;
  account: { id: string };
  name_servers: string[];
  records: FakeRecord[];
}

export interface FakeCloudflare {
  /** With `/client/v4`. */
  url: string;
  token: string;
  accountId: string;
  zones: FakeZone[];
  /** Puts a zone there; into our account when no other is named. */
  putZone(name: string, records?: Partial<FakeRecord>[], account?: string): FakeZone;
  requests: { method: string; path: string; query: string }[];
  /** Instead of the next answer; the request is not carried out. */
  next: FakeReply | null;
  /** Called before each request is carried out. */
  meanwhile: (request: FakeRequest) => void;
  /** Changes in one batch; with 200 or fewer, zones are said to be free. */
  mostInBatch: number;
  stop(): Promise<void>;
}

class Complaint extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const newId = () => randomBytes(16).toString('hex');

const quoted = /^("(?:[^"\\]|\\.)*"\s*)+$/;

/** The record as it is stored. Throws a Complaint for what is refused. */
const normalised = (zone: FakeZone, wish: Partial<FakeRecord>): FakeRecord => {
  const { type = '', ttl = 1, priority, comment, proxied = false } = wish;
  let { name = '', content, data } = wish;
  name = name.toLowerCase().replace(/\.$/, '');
  if (name === '@') name = zone.name;
  if (name !== zone.name && !name.endsWith(`.${zone.name}`)) name = `${name}.${zone.name}`;
  if (!Number.isInteger(ttl) || (ttl !== 1 && (ttl < 60 || ttl > 86_400)))
    throw new Complaint(400, 9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.');
  const undotted = (host: unknown) => (host === '.' ? '.' : String(host).toLowerCase().replace(/\.$/, ''));
  if (type === 'SRV' || type === 'CAA') {
    if (!data) throw new Complaint(400, 9101, `data is a required field for ${type} records.`);
    if (type === 'SRV') data = { ...data, target: undotted(data.target) };
    content =
      type === 'SRV' ? `${data.weight} ${data.port} ${data.target}` : `${data.flags} ${data.tag} "${data.value}"`;
    if (type === 'SRV')
      return { id: newId(), name, type, ttl, content, data, priority: Number(data.priority), proxied };
    return { id: newId(), name, type, ttl, content, data, proxied };
  }
  if (typeof content !== 'string') throw new Complaint(400, 9005, 'Content is required.');
  if (type === 'A' && !isIPv4(content))
    throw new Complaint(400, 9005, 'Content for A record must be a valid IPv4 address.');
  if (type === 'AAAA' && !isIPv6(content))
    throw new Complaint(400, 9005, 'Content for AAAA record must be a valid IPv6 address.');
  if (['CNAME', 'NS', 'MX'].includes(type)) content = undotted(content);
  if (type === 'MX' && priority === undefined) throw new Complaint(400, 9100, 'priority is a required field.');
  if (type === 'TXT' && !quoted.test(content)) content = `"${content}"`;
  return {
    id: newId(),
    name,
    type,
    ttl,
    content,
    proxied,
    ...(priority === undefined ? {} : { priority }),
    ...(comment === undefined ? {} : { comment }),
  };
};

const insert = (zone: FakeZone, wish: Partial<FakeRecord>): void => {
  const record = normalised(zone, wish);
  const beside = zone.records.filter(({ name }) => name === record.name);
  const same = beside.find(
    ({ type, content, priority }) => type === record.type && content === record.content && priority === record.priority,
  );
  if (same) throw new Complaint(400, 81058, 'An identical record already exists.');
  const isAddress = ['A', 'AAAA', 'CNAME'].includes(record.type);
  if (record.type === 'CNAME' && beside.some(({ type }) => ['A', 'AAAA', 'CNAME'].includes(type)))
    throw new Complaint(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.');
  if (isAddress && beside.some(({ type }) => type === 'CNAME'))
    throw new Complaint(400, 81054, 'A CNAME record with that host already exists.');
  zone.records.push(record);
};

const found = (zone: FakeZone, id: string): FakeRecord => {
  const record = zone.records.find((one) => one.id === id);
  if (!record) throw new Complaint(404, 81044, 'Record does not exist.');
  return record;
};

export const startFakeCloudflare = async (): Promise<FakeCloudflare> => {
  const token = 'cf-token-of-the-tests';
  const accountId = 'a'.repeat(32);

  const ok = (result: unknown, more: object = {}): FakeReply => ({
    status: 200,
    body: { success: true, errors: [], messages: [], result, ...more },
  });

  const page = (all: unknown[], query: URLSearchParams, most: number): FakeReply => {
    const perPage = Number(query.get('per_page') ?? 20);
    if (perPage > most) throw new Complaint(400, 1004, `per_page may be ${most} at most`);
    const at = Number(query.get('page') ?? 1);
    const result = all.slice((at - 1) * perPage, at * perPage);
    const result_info = {
      page: at,
      per_page: perPage,
      count: result.length,
      total_count: all.length,
      total_pages: Math.ceil(all.length / perPage),
    };
    return ok(result, { result_info });
  };

  const shown = ({ records: _records, ...zone }: FakeZone) => ({
    ...zone,
    plan: { legacy_id: fake.mostInBatch > 200 ? 'pro' : 'free' },
  });

  const zoneAt = (id: string): FakeZone => {
    const zone = fake.zones.find((one) => one.id === id && one.account.id === accountId);
    if (!zone)
      throw new Complaint(404, 7003, 'Could not route to the zone, perhaps your object identifier is invalid?');
    return zone;
  };

  const batch = (
    zone: FakeZone,
    { deletes = [], patches = [], puts = [], posts = [] }: Record<string, Partial<FakeRecord>[]>,
  ): FakeReply => {
    if (deletes.length + patches.length + puts.length + posts.length > fake.mostInBatch)
      throw new Complaint(400, 9207, `A batch may have ${fake.mostInBatch} changes at most.`);
    const before = structuredClone(zone.records);
    try {
      for (const { id = '' } of deletes) zone.records.splice(zone.records.indexOf(found(zone, id)), 1);
      for (const { id = '', ...patch } of patches) {
        const record = found(zone, id);
        Object.assign(record, normalised(zone, { ...record, ...patch }), { id });
      }
      for (const post of posts) insert(zone, post);
    } catch (error) {
      zone.records = before;
      throw error;
    }
    return ok({ deletes, patches, puts, posts });
  };

  const route = ({ method, path, query, body }: FakeRequest): FakeReply => {
    const [, id = '', rest = ''] = /^\/client\/v4\/zones(?:\/([^/]+))?(\/.*)?$/.exec(path) ?? ['', '-'];
    if (id === '' && method === 'GET') {
      const [name, account] = [query.get('name'), query.get('account.id')];
      const all = fake.zones.filter(
        (zone) => (!name || zone.name === name) && (!account || zone.account.id === account),
      );
      return page(all.map(shown), query, 50);
    }
    if (id === '' && method === 'POST') {
      const wish = body as { name: string; account: { id: string }; type: string };
      if (fake.zones.some(({ name }) => name === wish.name))
        throw new Complaint(400, 1061, `${wish.name} already exists`);
      return ok(shown(fake.putZone(wish.name, [], wish.account.id)));
    }
    const zone = zoneAt(id);
    if (rest === '' && method === 'DELETE') {
      fake.zones.splice(fake.zones.indexOf(zone), 1);
      return ok({ id });
    }
    if (rest === '/dns_records' && method === 'GET') return page(zone.records, query, 5_000);
    if (rest === '/dns_records/batch' && method === 'POST')
      return batch(zone, body as Record<string, Partial<FakeRecord>[]>);
    throw new Complaint(405, 7001, `Method ${method} not available for that URI.`);
  };

  const complain = (status: number, code: number, message: string): FakeReply => ({
    status,
    body: { success: false, errors: [{ code, message }], messages: [], result: null },
  });

  const server = await startFakeServer((request) => {
    fake.requests.push({ method: request.method, path: request.path, query: request.query.toString() });
    const made = fake.next;
    fake.next = null;
    if (made) return made;
    if (request.headers.authorization !== `Bearer ${token}`) return complain(403, 10000, 'Authentication error');
    fake.meanwhile(request);
    try {
      return route(request);
    } catch (error) {
      if (error instanceof Complaint) return complain(error.status, error.code, error.message);
      throw error;
    }
  });

  const fake: FakeCloudflare = {
    url: `${server.url}/client/v4`,
    token,
    accountId,
    zones: [],
    putZone: (name, records = [], account = accountId) => {
      const zone: FakeZone = {
        id: newId(),
        name,
        account: { id: account },
        name_servers: ['ada.ns.cloudflare.test', 'bob.ns.cloudflare.test'],
        records: [],
      };
      for (const record of records) insert(zone, record);
      fake.zones.push(zone);
      return zone;
    },
    requests: [],
    next: null,
    meanwhile: () => {},
    mostInBatch: 3_500,
    stop: server.stop,
  };
  return fake;
};
