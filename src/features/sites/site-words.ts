/** Sites in words, for the operator's terminal. */

import type { Schema } from '../../contract/handler.ts';
import { formatDuration } from '../../kit/duration.ts';
import type { Drift, Verdict } from './sweep.ts';

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

const verdicts: Record<Verdict, string> = {
  'seen for the first time': 'A later sweep can remove it.',
  'too young': 'It is too young to be removed.',
  'can be removed': 'sweep --delete removes it.',
  removed: 'It was removed.',
};

/** What a sweep found, in sentences, with what it does or would do about it. */
export const describeDrift = ({ orphans, missing, uncertain }: Drift): string => {
  const called = (kind: string) => kinds[kind] ?? kind;
  const lines = [
    ...orphans.map(
      ({ kind, name, ageMs, verdict }) =>
        `The ${called(kind)} ${name} is there (${formatDuration(ageMs)} old), and no service knows it. ${verdicts[verdict]}`,
    ),
    ...missing.map(
      ({ kind, name, serviceId, ageMs }) =>
        `The ${called(kind)} ${name} of service ${serviceId} should be there (last touched ${formatDuration(ageMs)} ago), and it is not. Nothing is done about it: reset or delete the service.`,
    ),
  ];
  if (lines.length === 0) lines.push('Everything outside is as the database says.');
  if (uncertain > 0) {
    lines.push(`${uncertain} ${uncertain === 1 ? 'object is' : 'objects are'} being made or removed just now.`);
  }
  return lines.join('\n');
};
