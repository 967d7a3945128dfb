import type { Schema } from '../../contract/handler.ts';
import { instant } from '../../kit/instant.ts';
import type { ShownOperation } from '../../operations/beside-service.ts';
import type { Quota } from '../../operations/quota.ts';
import type { ComputeStatus } from '../../ports/compute.ts';
import { operationView } from '../operations/operation-view.ts';
import type { Insight } from './insight.ts';
import type { Site } from './site.ts';

const mebibyte = 1024 * 1024;

const whole = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value));

const quotaView = (quotas: Quota[], resource: string): Schema<'Quota'> => {
  const quota = quotas.find((candidate) => candidate.resource === resource);
  return { used: quota?.used ?? 0, limit: quota?.limit ?? 0 };
};

/** A site as callers see it, with the operation that was last begun on it. */
export const siteView = (
  site: Site,
  extra: { url: string | null; quotas: Quota[]; operation: ShownOperation | null; retryable: boolean },
): Schema<'Site'> => ({
  service_id: site.key.serviceId,
  customer_id: site.customerId,
  state: site.state,
  plan: site.plan,
  email: site.email,
  subdomain: site.subdomain,
  hostname: site.hostname,
  url: extra.url,
  vmid: site.vmid,
  private_ip: site.privateIp,
  public_ip: site.publicIp,
  suspension: site.suspendedAt === null ? null : { reason: site.suspendedReason, since: instant(site.suspendedAt) },
  memory_mb: site.memoryMb,
  disk_mb: site.diskMb,
  proxy_enabled: site.proxyEnabled,
  quotas: { backups: quotaView(extra.quotas, 'backups'), domains: quotaView(extra.quotas, 'domains') },
  created_at: instant(site.createdAt),
  updated_at: instant(site.updatedAt),
  deleted_at: site.deletedAt === null ? null : instant(site.deletedAt),
  operation: extra.operation ? operationView(extra.operation, extra.retryable) : null,
});

export const statusView = (site: Site, status: ComputeStatus): Schema<'SiteStatus'> => ({
  service_id: site.key.serviceId,
  state: site.state,
  workload: status.state,
  node: status.node ?? null,
  cpu: status.cpu ?? null,
  memory_bytes: whole(status.memoryBytes),
  memory_limit_bytes: site.memoryMb * mebibyte,
  disk_bytes: whole(status.diskBytes),
  disk_limit_bytes: site.diskMb * mebibyte,
  uptime_seconds: whole(status.uptimeSeconds),
});

export const usageView = ({ site, status }: Insight): Schema<'Usage'> => ({
  service_id: site.key.serviceId,
  state: site.state,
  memory_bytes: whole(status?.memoryBytes),
  memory_limit_bytes: site.memoryMb * mebibyte,
  disk_bytes: whole(status?.diskBytes),
  disk_limit_bytes: site.diskMb * mebibyte,
});
