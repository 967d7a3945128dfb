/**
 * Random lives of a site against its state table: each call that it allows ends
 * well or is taken back, and what was promised of the states holds all along.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { siteIn } from '../../../test/support/site.ts';
import { readDocument } from '../../contract/document.ts';
import { AppError } from '../../kit/errors.ts';
import { isSettled, leadsTo, requireAllowed, type SiteCall, type SiteState, siteCalls } from './site.ts';

const seed = Number(process.env.PROVISOR_TEST_SEED ?? 20_260_721);
const numRuns = Number(process.env.PROVISOR_TEST_RUNS ?? 2_000);

/** What the API may answer; found by the same name in openapi.yaml. */
const readCodes = async (): Promise<Set<string>> => {
  const document = await readDocument();
  // biome-ignore lint/suspicious/noExplicitAny: one schema of the document
  const schema = (document as any).components.schemas.ErrorCode;
  return new Set<string>(schema.enum);
};

/** What becomes of a site when an operation is begun for the call and ends in this way. */
const after = (state: SiteState, call: SiteCall, endsWell: boolean): SiteState => {
  const to = (leadsTo[state] as Partial<Record<SiteCall, SiteState>>)[call]!;
  if (endsWell || call === 'delete') return to;
  return call === 'create' ? 'failed' : state;
};

describe(`the life of a site (seed ${seed}, ${numRuns} runs)`, () => {
  const step = fc.record({ call: fc.constantFrom(...siteCalls), endsWell: fc.boolean() });
  const life = fc.record({
    created: fc.constantFrom<SiteState>('creating', 'active', 'failed'),
    steps: fc.array(step, { maxLength: 60, size: 'max' }),
  });

  it('keeps what was promised of its states', async () => {
    const codes = await readCodes();
    fc.assert(
      fc.property(life, ({ created, steps }) => {
        let state: SiteState = created;
        let suspended = false;
        for (const { call, endsWell } of steps) {
          const before: SiteState = state;
          try {
            requireAllowed(siteIn(before), call);
          } catch (error) {
            assert.ok(error instanceof AppError);
            assert.ok(codes.has(error.code), `${error.code} is not in the contract`);
            assert.ok(['conflict', 'forbidden'].includes(error.kind));
            assert.match(error.message, /^Service 42 .*\.$/);
            assert.notEqual(call, 'delete', 'a site can be deleted from every state');
            continue;
          }
          state = after(before, call, endsWell);
          if (isSettled(before, call))
            assert.equal(after(before, call, true), before, 'what is settled changes nothing');
          if (before === 'deleted' || before === 'deleting') assert.equal(state, 'deleted', 'deleted is for ever');
          if (state === 'suspended') suspended = true;
          if (call === 'unsuspend' && endsWell) suspended = false;
          if (state === 'active' || state === 'stopped')
            assert.equal(suspended, false, `${call} brought a suspended site back`);
          if (before === 'failed' && state !== 'failed') assert.ok(call === 'create' || call === 'delete');
        }
      }),
      { seed, numRuns },
    );
  });
});
