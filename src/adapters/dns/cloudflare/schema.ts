import { z } from 'zod';

/** What Cloudflare's API v4 answers, as far as we read it. */

export const complaints = z.array(z.object({ code: z.number(), message: z.string() }));

/** Around every answer. `success: false` comes with status 200 too. */
export const envelope = z.object({
  success: z.boolean(),
  errors: complaints.default([]),
  result: z.unknown(),
  result_info: z.object({ total_pages: z.number() }).nullish(),
});

export const zone = z.object({
  id: z.string().min(1),
  name: z.string(),
  account: z.object({ id: z.string() }),
  name_servers: z.array(z.string()).default([]),
  plan: z.object({ legacy_id: z.string() }).nullish().catch(null),
});

export type CloudflareZone = z.infer<typeof zone>;

export const record = z.object({
  id: z.string().min(1),
  name: z.string(),
  type: z.string(),
  /** 1 for automatic. */
  ttl: z.number(),
  content: z.string().default(''),
  priority: z.number().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

export type CloudflareRecord = z.infer<typeof record>;
