import { z } from 'zod';

/** What `site.json` holds: a site as it is wished for. It is the only record of it. */

const stateSchema = z.object({
  name: z.string(),
  owner: z.object({ panel: z.string(), service: z.string() }),
  hostname: z.string(),
  plan: z.string(),
  email: z.string(),
  resources: z.object({ memoryMb: z.number().nonnegative(), diskMb: z.number().nonnegative() }),
  network: z.object({ vmid: z.number(), privateIp: z.string() }),
  /** Epoch milliseconds, here and below. */
  createdAt: z.number(),
  /** Null while the site is stopped. */
  startedAt: z.number().nullable(),
  installedAt: z.number().nullable(),
  /** `id` is another one for every password that is set; sessions begun with an earlier one end. */
  login: z.object({ id: z.string(), username: z.string(), passwordHash: z.string() }).nullable(),
});

export type SiteState = z.infer<typeof stateSchema>;

/** The state in a `site.json`, or null when it is not one of ours. */
export const parseSiteState = (text: string): SiteState | null => {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
};

/** Whether the state could be read back; a size may be no number, say. */
export const isSiteState = (state: SiteState): boolean => stateSchema.safeParse(state).success;

/** The bytes that a site's data may take. */
export const diskLimit = ({ resources }: SiteState): number => resources.diskMb * 1024 * 1024;
