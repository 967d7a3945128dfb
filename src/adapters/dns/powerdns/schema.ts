import { z } from 'zod';

/** What the HTTP API of the PowerDNS Authoritative Server answers, as far as we read it. */

export const zoneInList = z.object({ name: z.string(), account: z.string().default('') });

export const zoneAnswer = zoneInList.extend({
  rrsets: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      ttl: z.number(),
      records: z.array(z.object({ content: z.string(), disabled: z.boolean().default(false) })),
    }),
  ),
});

export type ZoneAnswer = z.infer<typeof zoneAnswer>;

/** Refusals are JSON with some statuses and plain text with others. */
export const refusal = z.object({ error: z.string() });
