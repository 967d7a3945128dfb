import { z } from 'zod';

/** What the remote API of ISPConfig answers, as far as we read it. Numbers come as strings from its database. */

/** Around every answer; the HTTP status is 200 whatever it says. */
export const envelope = z.object({ code: z.string(), message: z.string().nullish(), response: z.unknown() });

const id = z.union([z.string().min(1), z.number()]).transform(String);
const count = z.union([z.string().regex(/^\d+$/), z.number()]).transform(Number);

export const zone = z.object({ id, origin: z.string() });

export const record = z.object({
  id,
  zone: id,
  name: z.string(),
  type: z.string(),
  data: z.string(),
  aux: count.default(0),
  ttl: count,
  active: z.string().default('Y'),
});

export type IspConfigZone = z.infer<typeof zone>;
export type IspConfigRecord = z.infer<typeof record>;

/** Of what was added. */
export const newId = id.refine((text) => /^[1-9]\d*$/.test(text));
/** Rows that a change or a removal has met; none is no failure. */
export const affected = z.union([count, z.boolean(), z.null()]);
export const session = z.string().min(1);
