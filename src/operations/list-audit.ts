/**
 * The trail as its readers ask for it: of one panel, newest first, narrowed by what an entry says. One word has an index
 * in the order of the pages. What has none is looked for among a thousand entries at once, however long the trail is: a
 * page may then be short, or empty, and still not be the last.
 */
import { along } from '../database/along.ts';
import type { Queries } from '../database/database.ts';
import { type AuditRecord, decodeAudit } from './audit.ts';

/** How many entries are looked at for one page. */
const lookedAt = 1_000;

/** What an entry says. */
interface Words {
  /** The kind of its service. */
  kind?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
}

export interface AuditFilter extends Words {
  panelId: string;
  /** Only of these chains. */
  chains?: string[] | undefined;
  /** Epoch milliseconds, included. */
  since?: number | undefined;
  /** Epoch milliseconds, not included. */
  until?: number | undefined;
}

/** The place of an entry among all of a panel's. */
export type AuditPlace = Pick<AuditRecord, 'at' | 'chain' | 'seq'>;

export interface FoundAudit {
  /** Newest first. */
  found: AuditRecord[];
  /** The last entry that was looked at, where there are more behind it; null when `found` is all, or as much as was asked for. */
  lookedTo: AuditPlace | null;
}

interface Way {
  /** Null: as the database chooses. */
  index: string | null;
  /** What the database is asked for. */
  asked: Words;
  /** What is looked for among that: along the index there may be any number of others. */
  among: Words;
}

const wayTo = ({ chains, kind, actor, action, outcome }: AuditFilter): Way => {
  // A service has few entries.
  if (chains) return { index: null, asked: { actor, action, outcome }, among: {} };
  if (action !== undefined) return { index: 'audit_by_action', asked: { action }, among: { kind, actor, outcome } };
  if (actor !== undefined) return { index: 'audit_by_actor', asked: { actor }, among: { kind, outcome } };
  if (outcome !== undefined) return { index: 'audit_by_panel', asked: {}, among: { kind, outcome } };
  // The entries of a kind are next to each other: few are sorted, and of many there is one nearly everywhere.
  return { index: kind === undefined ? 'audit_by_panel' : null, asked: { kind }, among: {} };
};

const isAny = (words: Words): boolean => Object.values(words).some((word) => word !== undefined);

/** What begins the chains of a kind. */
const chainsOf = (panelId: string, kind: string): string => `${panelId}:${kind}:`;

/** A panel's entries, newest first; `before` is where the page before ended. */
export const listAudit = async (
  queries: Queries,
  filter: AuditFilter,
  page: { limit: number; before?: AuditPlace | undefined },
): Promise<FoundAudit> => {
  const { panelId, chains, since, until } = filter;
  const { index, asked, among } = wayTo(filter);
  const isLong = isAny(among);

  const query = (index === null ? queries('audit') : along(queries, 'audit', index))
    .where({ panel_id: panelId })
    .orderBy([
      { column: 'at', order: 'desc' },
      { column: 'chain', order: 'desc' },
      { column: 'seq', order: 'desc' },
    ])
    .limit(isLong ? lookedAt : page.limit);
  if (chains) query.whereIn('chain', chains);
  const { kind, ...words } = asked;
  for (const [name, word] of Object.entries(words)) if (word !== undefined) query.where(name, word);
  // `;` is the character after `:`.
  if (kind !== undefined) query.whereBetween('chain', [chainsOf(panelId, kind), `${panelId}:${kind};`]);
  if (since !== undefined) query.where('at', '>=', since);
  if (until !== undefined) query.where('at', '<', until);
  const { before } = page;
  if (before) {
    query.where('at', '<=', before.at).where((rest) =>
      rest
        .where('at', '<', before.at)
        .orWhere('chain', '<', before.chain)
        .orWhere((same) => same.where({ chain: before.chain }).where('seq', '<', before.seq)),
    );
  }

  const read = (await query).map(decodeAudit);
  if (!isLong) return { found: read, lookedTo: null };
  const isWished = ({ chain, actor, action, outcome }: AuditRecord): boolean =>
    (among.kind === undefined || chain.startsWith(chainsOf(panelId, among.kind))) &&
    (among.actor ?? actor) === actor &&
    (among.action ?? action) === action &&
    (among.outcome ?? outcome) === outcome;
  const found = read.filter(isWished).slice(0, page.limit);
  const isAll = read.length < lookedAt || found.length === page.limit;
  return { found, lookedTo: isAll ? null : (read.at(-1) ?? null) };
};
