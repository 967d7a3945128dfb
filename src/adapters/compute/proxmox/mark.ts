import { z } from 'zod';

/**
 * What makes a container ours: one line in its description, which also says how
 * large it is wished. A rollback takes every other setting back to what it was
 * at the time of the snapshot (AbstractConfig.pm, __snapshot_apply_config), and
 * the description alone stays; so this is where the size is known afterwards.
 */
const markSchema = z.object({
  name: z.string(),
  panel: z.string(),
  service: z.string(),
  memoryMb: z.number(),
  diskMb: z.number(),
  /** Epoch milliseconds. */
  createdAt: z.number(),
});
export type Mark = z.infer<typeof markSchema>;

const line = /^provisor: (\{.*\})$/m;

export const describe = (mark: Mark): string =>
  `Made by Provisor, which knows its own by the next line.\n\nprovisor: ${JSON.stringify(mark)}\n`;

/** Null when the container is not ours. */
export const readMark = (description = ''): Mark | null => {
  const found = line.exec(description)?.[1];
  if (found === undefined) return null;
  try {
    return markSchema.parse(JSON.parse(found));
  } catch {
    return null;
  }
};

const commonTag = 'provisor';

/** Tags are only an index: /cluster/resources shows them for all containers at once. */
export const tagsOf = (name: string): string => [commonTag, name].join(';');

/** Proxmox takes `;`, `,` and blanks between tags. */
export const readTags = (tags = ''): string[] => tags.split(/[;,\s]+/).filter(Boolean);

export const isTagged = (tags: string | undefined): boolean => readTags(tags).includes(commonTag);
