/** Sites in words, for the operator's terminal. */
import type { Schema } from '../../contract/handler.ts';
import type { Drift } from './sweep.ts';

type Fact = [label: string, value: string | number | null];

/** Everything about a site, each fact with what it is called. */
export const siteFacts = (site: Schema<'Site'>): Fact[] => {
  const { operation, quotas, suspension } = site;
  const facts: Fact[] = [['State', site.state]];
  if (suspension) facts.push(['Suspended', `since ${suspension.since}: ${suspension.reason ?? 'no reason given'}`]);
  facts.push(
    ['Plan', `${site.plan}: ${site.memory_mb} MB memory, ${site.disk_mb} MB disk`],
    ['Address', site.url],
    ['E-mail', site.email],
    ['Customer', site.customer_id],
    ['Public IP', site.public_ip],
    ['Private IP', site.private_ip],
    ['Machine number', site.vmid],
    ['Backups', `${quotas.backups.used} of ${quotas.backups.limit}`],
    ['Domains', `${quotas.domains.used} of ${quotas.domains.limit}`],
    ['Created', site.created_at],
  );
  if (site.deleted_at !== null) facts.push(['Deleted', site.deleted_at]);
  if (operation) {
    const { kind, state, message, id } = operation;
    facts.push(['Last operation', `${kind}, ${state}: ${message} (${id})`]);
  }
  return facts;
};

const kinds: Record<string, string> = { compute: 'workload', route: 'route' };

/** What differs outside from what the database says. */
export const describeDrift = ({ orphans, missing, uncertain }: Drift): string => {
  const lines = [
    ...orphans.map(({ kind, name }) => `The ${kinds[kind] ?? kind} ${name} is there, and no service knows it.`),
    ...missing.map(
      ({ kind, name, serviceId }) =>
        `The ${kinds[kind] ?? kind} ${name} of service ${serviceId} should be there, and it is not.`,
    ),
  ];
  if (lines.length === 0) lines.push('Everything outside is as the database says.');
  else lines.push('', 'Nothing was changed.');
  if (uncertain > 0) {
    lines.push(`${uncertain} ${uncertain === 1 ? 'object is' : 'objects are'} being made or removed just now.`);
  }
  return lines.join('\n');
};
