/** What Nginx Proxy Manager answers, as far as we read it. Older versions say 0 and 1 where newer say false and true. */
import { z } from 'zod';

const flag = z.union([z.boolean(), z.int().min(0).max(1).transform(Boolean)]);

export const hostSchema = z.looseObject({
  id: z.int(),
  domain_names: z.array(z.string()),
  certificate_id: z.union([z.int(), z.null()]).default(0),
  ssl_forced: flag.default(false),
  enabled: flag.default(true),
  meta: z.looseObject({
    provisor: z.unknown().optional(),
    nginx_online: flag.nullish(),
    nginx_err: z.string().nullish(),
  }),
});
export type Host = z.infer<typeof hostSchema>;

export const certificateSchema = z.looseObject({
  id: z.int(),
  provider: z.string(),
  nice_name: z.string().default(''),
  domain_names: z.array(z.string()),
});
export type Certificate = z.infer<typeof certificateSchema>;

export const hostsSchema = z.array(hostSchema);
export const certificatesSchema = z.array(certificateSchema);
