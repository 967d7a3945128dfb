/** Calls about custom domains, on an app whose resolver is a DNS server of the test. */
import assert from 'node:assert/strict';
import { int } from '../../src/database/rows.ts';
import { type Answer, type Client, type TestApp, waiting } from './app.ts';
import type { TestDns } from './dns-server.ts';

let names = 0;

/** A domain that no other test uses, nor one of another file in the same cluster: beneath `example.com`, or right beneath the given suffix. */
export const newName = (suffix?: string): string => {
  names += 1;
  return suffix === undefined
    ? `www.customer-${process.pid}-${names}.example.com`
    : `customer-${process.pid}-${names}.${suffix}`;
};

/** The record of the token, of a domain in an answer. */
export const tokenOf = (domain: Answer['body']) =>
  domain.records.find((record: { purpose: string }) => record.purpose === 'ownership');

export const domainsPath = (id: string, rest = '') => `/v1/sites/${id}/domains${rest}`;

/** `world` is asked at each call: it may be there only once the tests have begun. */
export const domainCalls = (world: () => { app: TestApp; dns: TestDns }) => {
  const one = (id: string, hostname: string, rest = '') => domainsPath(id, `/${encodeURIComponent(hostname)}${rest}`);

  const add = (
    id: string,
    hostname: string,
    { client = world().app.panel, wait = true }: { client?: Client; wait?: boolean } = {},
  ) => client.call('POST', domainsPath(id), { hostname }, wait ? waiting : {});

  return {
    add,
    get: async (id: string, hostname: string) => (await world().app.panel.call('GET', one(id, hostname))).body,
    verify: (id: string, hostname: string) => world().app.panel.call('POST', one(id, hostname, '/verify'), {}, waiting),
    remove: (id: string, hostname: string) => world().app.panel.call('DELETE', one(id, hostname), undefined, waiting),
    quota: async (id: string) => (await world().app.panel.call('GET', domainsPath(id))).body.quota,

    /** Lets a site have a domain that leads to it. */
    active: async (site: Answer['body'], hostname = newName()): Promise<string> => {
      world().dns.set(hostname, 'CNAME', site.hostname);
      const added = await add(site.service_id, hostname);
      assert.deepEqual([added.status, added.body.state], [201, 'active'], added.text);
      return hostname;
    },

    /** What is counted of a site, how many rows there are for it, and how many names it holds. */
    counted: async (id: string): Promise<[used: number, rows: number, held: number]> => {
      const { app } = world();
      const { knex } = app.serving.provisor.db;
      const key = { service_id: id, panel_id: app.panel.panelId };
      const { id: site } = await knex('services').where(key).first('id');
      const { used } = await knex('quotas')
        .where({ ...key, resource: 'domains' })
        .first('used');
      const rows = await knex('domains').where({ site }).whereNotIn('state', ['expired', 'failed']);
      return [int(used), rows.length, (await knex('domain_names').where({ site })).length];
    },
  };
};
