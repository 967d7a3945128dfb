/** Mutants of what goes with the engine: quotas, the audit trail, repeated calls, panels, sites. Matched as the others. */

import { type Mutation, operations, sites } from './mutation.ts';

const submitting = ['src/operations/submit.test.ts'];
const running = ['src/operations/run.test.ts'];
const quotas = ['src/operations/quota.test.ts'];

export const otherMutations: Mutation[] = [
  {
    name: 'remembered-head-not-compared',
    breaks: 'Of two processes that write one chain of the audit trail, each goes on from the other.',
    edits: [
      operations(
        'audit.ts',
        'where chain = ? and seq = ? and hash = ? and mac = ?',
        'where chain = ? and ? is not null and ? is not null and ? is not null',
      ),
    ],
    tests: ['src/operations/verify-audit.test.ts'],
  },
  {
    name: 'quota-read-then-write',
    breaks: 'No race takes more units than the limit has.',
    edits: [
      operations(
        'quota.ts',
        "    .whereRaw('used + ? <= lim', [amount])\n    .increment('used', amount);",
        '    .update({ used: seen.used + amount });',
      ),
      operations(
        'quota.ts',
        '  const taken = await tx(',
        `  const seen = (await readQuotas(tx, service)).find((each) => each.resource === resource)!;
  const taken = seen.used + amount > seen.limit ? 0 : await tx(`,
      ),
    ],
    needsMariaDb: true,
    tests: quotas,
  },
  {
    name: 'refund-twice',
    breaks: 'What an operation took is given back once.',
    edits: [
      operations(
        'quota.ts',
        "from quota_holds where operation_id = ? and state = 'held'",
        'from quota_holds where operation_id = ?',
      ),
      operations(
        'quota.ts',
        "resource: hold.resource, state: 'held' })\n      .update",
        'resource: hold.resource })\n      .update',
      ),
    ],
    tests: quotas,
  },
  {
    name: 'holds-never-released',
    breaks: 'What an operation took is given back when it fails.',
    edits: [
      operations(
        'quota.ts',
        "if (settled === 1 && outcome === 'released')",
        "if (settled === 2 && outcome === 'released')",
      ),
    ],
    tests: submitting,
  },
  {
    name: 'holds-settled-after-the-commit',
    breaks: 'What an operation took is given back in the transaction that ends it.',
    edits: [
      operations(
        'ending.ts',
        "  if (int(left.held)) await settleHolds(tx, service, operation.id, ending.outcome === 'done' ? 'kept' : 'released');\n",
        '',
      ),
      operations(
        'run.ts',
        'import type { Watchers }',
        "import { settleHolds } from './quota.ts';\nimport type { Watchers }",
      ),
      operations(
        'run.ts',
        '    if (next) afterCommit(tx, deps.wake);\n    countEnd(tx, operation, outcome, now);\n    return null;\n  };\n\n  /** Leaves',
        `    afterCommit(tx, () => {
      void settleHolds(db.knex as Tx, operation.service, run.id, outcome === 'done' ? 'kept' : 'released');
      deps.wake();
    });
    return null;
  };

  /** Leaves`,
      ),
    ],
    tests: running,
  },
  {
    name: 'audit-outside-the-chain',
    breaks: 'Every entry of the audit trail is hashed onto the one before it.',
    edits: [operations('audit.ts', 'seq, prevHash: last.hash });', 'seq, prevHash: genesisHash });')],
    tests: submitting,
  },
  {
    name: 'key-not-bound',
    breaks: 'What a request submitted belongs to its key from the same commit on.',
    edits: [operations('operations.ts', '    await bindOperation(tx, caller, id);\n', '')],
    tests: ['src/operations/idempotency-store.test.ts'],
  },
  {
    name: 'names-do-not-rest',
    breaks: 'A stranger does not get the name of a site that was deleted a moment ago.',
    edits: [sites('steps.ts', 'releaseAll(tx, site.id, now + restMs)', 'releaseAll(tx, site.id, now)')],
    tests: ['test/api/sites.test.ts'],
    only: 'deletes everything',
  },
  {
    name: 'suspended-site-may-start',
    breaks: 'A suspended site does not run before it is unsuspended.',
    edits: [
      sites('site.ts', "suspended: { suspend: 'suspended',", "suspended: { start: 'active', suspend: 'suspended',"),
    ],
    tests: ['src/features/sites/site.test.ts'],
  },
  {
    name: 'operations-of-every-panel',
    breaks: 'A panel sees and touches no operation of another.',
    edits: [operations('operation-store.ts', 'panelId === undefined ? findOne', 'panelId !== id ? findOne')],
    tests: ['test/api/isolation.test.ts'],
  },
];
