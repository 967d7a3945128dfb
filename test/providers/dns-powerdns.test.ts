/** dns/powerdns against a real PowerDNS Authoritative Server, and what that server then tells the world. */
import assert from 'node:assert/strict';
import { createPowerDns } from '../../src/adapters/dns/powerdns/index.ts';
import { dnsConformance } from '../conformance/dns.suite.ts';
import { dnsOverHttpConformance } from '../conformance/dns-over-http.suite.ts';
import { type PowerDns, startPowerDns } from '../support/powerdns.ts';
import { digConformance } from './dig.suite.ts';

const adapterOf = ({ apiKey }: PowerDns, url: string) => createPowerDns({ url, apiKey, serverId: 'localhost' }).port;

const callApi = async ({ url, apiKey }: PowerDns, path: string, body: object): Promise<void> => {
  const reply = await fetch(`${url}/api/v1/servers/localhost${path}`, {
    method: 'POST',
    headers: { 'X-API-Key': apiKey },
    body: JSON.stringify(body),
  });
  assert.equal(reply.status, 201, await reply.text());
};

dnsConformance('dns/powerdns', { cannotHold: [], batch: 1_000, keepsNameservers: true }, async () => {
  const server = await startPowerDns();
  return {
    dns: adapterOf(server, server.url),
    other: adapterOf(server, server.url),
    putForeignZone: (zone, { name, type, ttl, rdata }) =>
      callApi(server, '/zones', {
        ...zone,
        kind: 'Native',
        rrsets: [{ name, type, ttl, records: rdata.map((content) => ({ content, disabled: false })) }],
      }),
    stop: server.stop,
  };
});

dnsOverHttpConformance('dns/powerdns', async () => {
  const server = await startPowerDns();
  return {
    url: server.url,
    at: (url) => adapterOf(server, url),
    changes: ({ method }) => method !== 'GET',
    secrets: [server.apiKey],
    stop: server.stop,
  };
});

digConformance('dns/powerdns', async () => {
  const server = await startPowerDns();
  return { dns: adapterOf(server, server.url), port: server.dnsPort, stop: server.stop };
});
