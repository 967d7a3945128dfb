/**
 * A site as it is wished for, kept on its namespace: what a later call does not
 * carry (the host name, the e-mail, the claim that holds the data) is read from
 * there and never guessed.
 */
import type { V1Namespace } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProviderError } from '../../../kit/errors.ts';

export const provider = 'compute/kubernetes';

export const siteAnnotation = 'provisor.dev/site';
export const panelLabel = 'provisor.dev/panel';
export const serviceLabel = 'provisor.dev/service';
export const managedByLabel = 'app.kubernetes.io/managed-by';

const recordSchema = z.object({
  hostname: z.string(),
  email: z.string(),
  plan: z.string(),
  memoryMb: z.number(),
  diskMb: z.number(),
  /** Suspension is a wish like any other: every apply says it again. */
  running: z.boolean(),
  /** The claim that holds the site's data; a rollback makes the next one. */
  claim: z.string(),
  /** Changes with each restart. */
  restartedAt: z.string().optional(),
});
export type SiteRecord = z.infer<typeof recordSchema>;

/** A site with the identity of its namespace. */
export interface Site {
  name: string;
  uid: string;
  owner: { panel: string; service: string };
  record: SiteRecord;
}

export const firstClaim = 'data';

/** `data` → `data-r1` → `data-r2`. */
export const nextClaim = (claim: string): string => `data-r${Number(/^data-r(\d+)$/.exec(claim)?.[1] ?? 0) + 1}`;

export const failure = (
  kind: ConstructorParameters<typeof ProviderError>[1],
  message: string,
  options?: ConstructorParameters<typeof ProviderError>[3],
): ProviderError => new ProviderError(provider, kind, message, options);

/** The cluster answers, only this site is not there yet: tried again later, without taking the cluster for dead. */
export const notYet = (message: string): ProviderError => failure('rate_limited', message);

export const checkName = (name: string): void => {
  if (!/^svc-[a-z0-9-]{0,35}[a-z0-9]$/.test(name)) throw failure('invalid', 'That is not the name of a site');
};

/** The site of a namespace. Errors: `conflict` when it is not ours, or ours and not readable any more. */
export const readSite = (namespace: V1Namespace, managedBy: string): Site => {
  const { name = '', uid = '', labels = {}, annotations = {} } = namespace.metadata ?? {};
  if (labels[managedByLabel] !== managedBy)
    throw failure('conflict', `The namespace ${name} is there already and is not ours`);
  let json: unknown;
  try {
    json = JSON.parse(annotations[siteAnnotation] ?? '');
  } catch {
    json = undefined;
  }
  const { data: record } = recordSchema.safeParse(json);
  if (!record) throw failure('conflict', `The namespace ${name} has our label and no readable ${siteAnnotation}`);
  return { name, uid, owner: { panel: labels[panelLabel] ?? '', service: labels[serviceLabel] ?? '' }, record };
};
