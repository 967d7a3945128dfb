import { z } from 'zod';

/** Replies of the API, as far as this adapter reads them. Numbers and flags may come as text. */

const flag = z.union([z.boolean(), z.number(), z.string()]).transform((value) => Boolean(Number(value)));

/** GET /cluster/resources?type=vm */
export const guests = z.array(
  z.object({
    vmid: z.coerce.number(),
    node: z.string(),
    type: z.enum(['lxc', 'qemu']),
    tags: z.string().optional(),
    template: flag.optional(),
  }),
);

/** GET /cluster/resources?type=node */
export const nodes = z.array(
  z.object({
    node: z.string(),
    status: z.string().optional(),
    mem: z.coerce.number().optional(),
    maxmem: z.coerce.number().optional(),
  }),
);

/** GET /nodes/{node}/lxc/{vmid}/config */
export const config = z.object({
  description: z.string().optional(),
  tags: z.string().optional(),
  lock: z.string().optional(),
  memory: z.coerce.number().optional(),
  swap: z.coerce.number().optional(),
  cores: z.coerce.number().optional(),
  rootfs: z.string().optional(),
  net0: z.string().optional(),
});
export type ContainerConfig = z.infer<typeof config>;

/** GET /nodes/{node}/lxc/{vmid}/status/current */
export const current = z.object({
  status: z.enum(['running', 'stopped']),
  lock: z.string().optional(),
  cpu: z.coerce.number().optional(),
  mem: z.coerce.number().optional(),
  disk: z.coerce.number().optional(),
  uptime: z.coerce.number().optional(),
  ha: z.object({ managed: flag.optional(), state: z.string().optional() }).optional(),
});

/** GET /nodes/{node}/lxc/{vmid}/snapshot */
export const snapshots = z.array(
  z.object({
    name: z.string(),
    snaptime: z.coerce.number().optional(),
    parent: z.string().optional(),
    /** There while it is being made or removed, and after either was cut off. */
    snapstate: z.string().optional(),
  }),
);
export type ListedSnapshot = z.infer<typeof snapshots>[number];

/** GET /nodes/{node}/storage/{storage}/status */
export const storage = z.object({ type: z.string() });

/** GET /cluster/ha/resources */
export const haResources = z.array(z.object({ sid: z.string() }));

/** GET /nodes/{node}/tasks */
export const tasks = z.array(z.object({ upid: z.string() }));

/** GET /nodes/{node}/tasks/{upid}/status */
export const taskStatus = z.object({ status: z.enum(['running', 'stopped']), exitstatus: z.string().optional() });

/** GET /nodes/{node}/tasks/{upid}/log */
export const taskLog = z.array(z.object({ n: z.coerce.number(), t: z.string().nullish() }));
