import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';
import type { RRset } from '../../../ports/dns.ts';
import { createHttpClient, type HttpCall, type HttpReply, kindOfStatus, readJson } from '../http-client.ts';
import type { Replacement } from '../plan-changes.ts';
import { quoteText } from '../rdata.ts';
import { refusal, type ZoneAnswer, zoneAnswer, zoneInList } from './schema.ts';

/**
 * The HTTP API of the PowerDNS Authoritative Server (doc.powerdns.com, "Built-in
 * Webserver and HTTP API"; seen with 4.7). A PATCH of a zone is one transaction.
 */

export const provider = 'dns/powerdns';

export interface PowerDnsOptions {
  /** Without `/api/v1`. */
  url: string;
  apiKey: string;
  serverId: string;
}

const contentOf = ({ type, rdata }: RRset): string[] => (type === 'TXT' ? rdata.map(quoteText) : rdata);

const describe = ({ status, text }: HttpReply): string => {
  const told = refusal.safeParse(parsed(text));
  return told.success ? told.data.error.slice(0, 300) : `status ${status}`;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const refuse = (reply: HttpReply, changes: boolean): never => {
  throw new ProviderError(provider, kindOfStatus(reply.status, changes), `PowerDNS refused: ${describe(reply)}`, {
    ...(reply.retryAfter === undefined ? {} : { after: reply.retryAfter }),
  });
};

export const createPowerDnsClient = ({ url, apiKey, serverId }: PowerDnsOptions) => {
  const send = createHttpClient(provider, `${url.replace(/\/+$/, '')}/api/v1/servers/${encodeURIComponent(serverId)}`, {
    'X-API-Key': apiKey,
    Accept: 'application/json',
  });
  const pathOf = (zone: string) => `/zones/${encodeURIComponent(zone)}`;

  /** Null when the zone is not there. */
  const zoneCall = async (call: HttpCall, signal: AbortSignal): Promise<HttpReply | null> => {
    const reply = await send(call, signal);
    if (reply.status === 404) return null;
    return reply.status < 300 ? reply : refuse(reply, call.changes);
  };

  return {
    list: async (signal: AbortSignal): Promise<string[]> => {
      const reply = await send({ method: 'GET', path: '/zones', changes: false }, signal);
      if (reply.status !== 200) refuse(reply, false);
      return readJson(provider, z.array(zoneInList), reply.text, false).map(({ name }) => name);
    },

    get: async (zone: string, signal: AbortSignal): Promise<ZoneAnswer | null> => {
      const reply = await zoneCall({ method: 'GET', path: pathOf(zone), changes: false }, signal);
      return reply && readJson(provider, zoneAnswer, reply.text, false);
    },

    /** False when a zone of this name is there. */
    create: async (
      zone: { name: string; account: string; nameservers: string[] },
      signal: AbortSignal,
    ): Promise<boolean> => {
      const body = { ...zone, kind: 'Native', soa_edit_api: 'DEFAULT' };
      const reply = await send({ method: 'POST', path: '/zones', body, changes: true }, signal);
      if (reply.status === 409) return false;
      return reply.status === 201 || refuse(reply, true);
    },

    delete: async (zone: string, signal: AbortSignal): Promise<void> => {
      await zoneCall({ method: 'DELETE', path: pathOf(zone), changes: true }, signal);
    },

    /** Null when the zone is not there. */
    replace: (zone: string, plan: Replacement[], signal: AbortSignal): Promise<HttpReply | null> => {
      const rrsets = plan.map(({ before, after }) =>
        after
          ? {
              name: after.name,
              type: after.type,
              ttl: after.ttl,
              changetype: 'REPLACE',
              records: contentOf(after).map((content) => ({ content, disabled: false })),
            }
          : { name: before?.name, type: before?.type, changetype: 'DELETE' },
      );
      return zoneCall({ method: 'PATCH', path: pathOf(zone), body: { rrsets }, changes: true }, signal);
    },
  };
};
