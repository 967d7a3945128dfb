/**
 * Mutants of the engine: claims, leases, steps and ends. The texts are matched
 * exactly, so a mutation that the code has outgrown is noticed.
 */

import { type Mutation, operations } from './mutation.ts';

const engine = ['src/operations/operations.test.ts'];
const submitting = ['src/operations/submit.test.ts'];
const workers = ['src/operations/two-workers.test.ts'];
const running = ['src/operations/run.test.ts'];

export const engineMutations: Mutation[] = [
  {
    name: 'writes-without-fence',
    breaks: 'A worker that lost its lease changes nothing.',
    edits: [
      operations(
        'operation-store.ts',
        "fence = ? and state in ('running', 'undoing')",
        "? is not null and state in ('running', 'undoing')",
      ),
    ],
    tests: workers,
  },
  {
    name: 'claim-without-compare',
    breaks: 'Of two workers that see the same due operation, one gets it.',
    edits: [
      operations('claim-store.ts', 'version = ? and due_at <= ?', '? is not null and ? is not null'),
      // The fence of the service is compared too, and either would do here.
      operations(
        'claim-store.ts',
        'and kind = ? and service_id = ? and fence = ?',
        'and kind = ? and service_id = ? and ? is not null',
      ),
    ],
    tests: workers,
  },
  {
    name: 'claim-of-what-has-gone-on',
    breaks: 'A claim writes nothing that was true only when it looked.',
    edits: [operations('claim-store.ts', 'version = ? and', '? is not null and')],
    tests: workers,
  },
  {
    name: 'cancellation-not-told',
    breaks: 'A run that did not hear of a cancellation takes the operation back after the step under way.',
    edits: [
      operations(
        'operation-store.ts',
        "when cancel_requested = 0 and state = 'running' then",
        "when state = 'running' then",
      ),
    ],
    tests: running,
  },
  {
    name: 'late-step-without-lease',
    breaks: 'Nobody claims an operation whose run goes on after a pause that it did not notice.',
    edits: [
      operations(
        'run.ts',
        'const isLate = operation.dueAt === null || operation.dueAt - now <= timing.graceMs;',
        'const isLate = false;',
      ),
    ],
    tests: running,
  },
  {
    name: 'claim-at-the-time-of-the-look',
    breaks: 'Nobody claims an operation that was begun after a pause between the look and the claim.',
    edits: [operations('workers.ts', 'run?.enter(tx, db.timeOf(told))', 'run?.enter(tx, seenAt)')],
    tests: workers,
  },
  {
    name: 'no-intent-row',
    breaks: 'Whatever may be outside is written down before it is made.',
    edits: [
      operations(
        'run.ts',
        "    if (direction === 'do' && step.owns) await markResource(tx, operation, step.owns(subject), 'intent', now);\n",
        '',
      ),
    ],
    tests: running,
  },
  {
    name: 'no-grace-after-lease',
    breaks: 'Nobody goes on with an operation before a call that a dead worker left under way has landed.',
    edits: [
      operations(
        'workers.ts',
        'const until = seenAt + timing.leaseMs + timing.graceMs;',
        'const until = seenAt + timing.leaseMs;',
      ),
    ],
    tests: workers,
  },
  {
    name: 'no-grace-after-unknown-outcome',
    breaks: 'A call that was not answered has landed before it is made again.',
    edits: [
      operations(
        'run.ts',
        "const tail = provider && provider.kind !== 'unknown_outcome' ? 0 : timing.graceMs;",
        'const tail = 0;',
      ),
    ],
    tests: engine,
  },
  {
    name: 'no-grace-before-undo',
    breaks: 'A call that was not answered has landed before its work is taken back.',
    edits: [
      operations(
        'run.ts',
        'return turn(tx, operation, { ...reason, detail }, now, tail);',
        'return turn(tx, operation, { ...reason, detail }, now, 0);',
      ),
    ],
    tests: running,
  },
  {
    name: 'cancelled-before-the-call-has-landed',
    breaks: 'A call that was not answered has landed before anybody goes on, though a cancellation wants it sooner.',
    edits: [
      operations('operation-store.ts', "tx.raw('case when lands_at > ? then lands_at else ? end', [now, now])", 'now'),
    ],
    tests: running,
  },
  {
    name: 'deletion-before-the-call-has-landed',
    breaks: 'A deletion that takes the place of what is stuck waits for its last call to land.',
    edits: [operations('operations.ts', 'dueAt: Math.max(now, active?.landsAt ?? 0),', 'dueAt: now,')],
    tests: running,
  },
  {
    name: 'promotion-before-the-call-has-landed',
    breaks: 'A deletion that waits goes ahead only when the last call of the operation before it has landed.',
    edits: [operations('ending.ts', 'Math.max(at, ended.landsAt ?? 0)', 'at')],
    tests: running,
  },
  {
    name: 'same-wish-twice',
    breaks: 'The same wish is the same operation.',
    edits: [operations('operations.ts', 'other.paramsHash === paramsHash &&', "other.paramsHash === '' &&")],
    tests: ['src/operations/engine-model.test.ts'],
  },
  {
    name: 'beat-without-grace',
    breaks: 'A beat leaves the same time for a call to land as a claim does.',
    edits: [
      operations('lease.ts', '(await db.now()) + timing.leaseMs + timing.graceMs', '(await db.now()) + timing.leaseMs'),
    ],
    tests: workers,
  },
  {
    name: 'undo-leaves-the-intent',
    breaks: 'In the end every outside object is as its row says.',
    edits: [
      operations(
        'run.ts',
        "const gone = at.direction === 'do' ? step.removes : step.owns;",
        "const gone = at.direction === 'do' ? step.removes : undefined;",
      ),
    ],
    tests: ['src/operations/engine-model.test.ts'],
  },
  {
    name: 'step-raised-by-one',
    breaks: 'The step is written as a number, so that a commit that is repeated skips none.',
    edits: [
      operations(
        'run.ts',
        'patch: { ...likely(definition, at.direction, following), attempts: 0 },',
        "patch: { step: at.direction === 'do' ? 1 : -1, attempts: 0 },",
      ),
      operations(
        'operation-store.ts',
        "} = ?, `).join('')}version",
        "} = ?, `.replace(/^step = /, 'step = step + ')).join('')}version",
      ),
      operations(
        'run.ts',
        'await patchFenced(tx, run, progress);',
        'await patchFenced(tx, run, { ...progress, step: 0 });',
      ),
    ],
    tests: running,
  },
  {
    name: 'lease-by-the-wall-clock',
    breaks: 'Whose lease has ended is decided by the clock of the database, not by that of a machine.',
    edits: [operations('workers.ts', 'const now = await db.now();\n', 'const now = Date.now();\n')],
    tests: workers,
  },
  {
    name: 'beat-always-succeeds',
    breaks: 'A worker whose operation is another one’s stops at its next beat.',
    edits: [operations('operation-store.ts', '  if (kept === 0) return null;\n  const row', '  const row')],
    tests: workers,
  },
  {
    name: 'active-key-kept',
    breaks: 'A service is free once its operation has ended.',
    edits: [operations('ending.ts', '  active_key: null,\n', '')],
    tests: engine,
  },
  {
    name: 'active-key-not-unique',
    breaks: 'Of two wishes that cross, one has the service.',
    edits: [{ file: 'migrations/0007-operations.ts', from: "    table.unique(['active_key']);\n", to: '' }],
    needsMariaDb: true,
    tests: submitting,
  },
  {
    name: 'waiting-deletion-not-promoted',
    breaks: 'A deletion that waits goes ahead when the operation before it ends.',
    edits: [
      operations(
        'ending.ts',
        'return int(left.waits) ? promoteNext(tx, deps, operation, ending.at) : null;',
        'return null;',
      ),
    ],
    tests: engine,
  },
  {
    name: 'wake-up-lost-after-promotion',
    breaks: 'A deletion that waits goes ahead at once when the operation before it ends.',
    edits: [
      operations('run.ts', '    if (next) afterCommit(tx, deps.wake);\n', ''),
      operations(
        'workers.ts',
        '        runs.delete(operation.id);\n        wake();\n',
        '        runs.delete(operation.id);\n',
      ),
    ],
    tests: running,
  },
  {
    name: 'undo-forwards',
    breaks: 'Work is taken back in the reverse of the order in which it was done.',
    edits: [operations('step-store.ts', ".orderBy('seq', 'desc')", ".orderBy('seq', 'asc')")],
    tests: engine,
  },
  {
    name: 'undo-skips-the-step-under-way',
    breaks: 'A step that may have done half of its work is taken back too.',
    edits: [operations('step-store.ts', ".where('seq', '<=', from)", ".where('seq', '<', from)")],
    tests: engine,
  },
  {
    name: 'deletion-taken-back',
    breaks: 'A deletion only goes forward.',
    edits: [
      operations('run.ts', '    if (definition.forwardOnly) return null;\n', ''),
      operations('run.ts', '} else if (definition.forwardOnly) {', '} else if (definition.forwardOnly && !never) {'),
    ],
    tests: engine,
  },
  {
    name: 'foreign-object-stops-the-undo',
    breaks: 'An object that has our name and is not ours stays, and nobody is stuck for it.',
    edits: [operations('run.ts', "error.kind === 'conflict'", 'false')],
    tests: running,
  },
  {
    name: 'attempts-not-counted-anew',
    breaks: 'Each step has its own attempts.',
    edits: [
      operations(
        'run.ts',
        'patch: { ...likely(definition, at.direction, following), attempts: 0 },',
        'patch: likely(definition, at.direction, following),',
      ),
    ],
    tests: running,
  },
  {
    name: 'attempts-spent-while-it-rests',
    breaks: 'An operation spends no attempt while its provider is left alone.',
    edits: [
      operations(
        'run.ts',
        '        due_at: now + restMs,\n',
        '        due_at: now + restMs,\n        attempts: operation.attempts + 1,\n',
      ),
    ],
    tests: engine,
  },
];
