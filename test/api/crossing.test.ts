import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ProviderError } from '../../src/kit/errors.ts';
import { expectProblem } from '../support/answers.ts';
import { activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { allAtRest } from '../support/at-rest.ts';
import { databases } from '../support/databases.ts';
import { gate } from '../support/engine.ts';

for (const database of databases) {
  describe(`A call while its opposite is carried out, on ${database.name}`, () => {
    let app: TestApp;
    let panel: Client;

    before(async () => {
      app = await startApp(database);
      panel = app.panel;
    });
    after(() => app.stop());

    const stateOf = async (id: string): Promise<string> => (await panel.call('GET', `/v1/sites/${id}`)).body.state;
    const post = (id: string, call: string, headers: Record<string, string> = {}) =>
      panel.call('POST', `/v1/sites/${id}/${call}`, {}, headers);
    /** Runs `meanwhile` while the provider is carrying the call out. */
    const during = async (
      id: string,
      call: string,
      method: 'start' | 'stop',
      meanwhile: (operationId: string) => Promise<void>,
    ): Promise<void> => {
      const { compute } = app.serving.provisor.providers;
      const [reached, held] = [gate(), gate()];
      const kept = compute[method] as (...given: unknown[]) => Promise<void>;
      compute[method] = async (...given: unknown[]) => {
        reached.open();
        await held.opened;
        return kept(...given);
      };
      try {
        const { body } = await post(id, call);
        await reached.opened;
        await meanwhile(body.operation.id);
      } finally {
        compute[method] = kept;
        held.open();
        await allAtRest(app);
      }
    };

    it('is never said to be done because it is not undone yet', async () => {
      const { service_id: id } = await activeSite(panel);
      for (const [call, method, opposite, then] of [
        ['suspend', 'stop', 'unsuspend', 'suspended'],
        ['unsuspend', 'start', 'suspend', 'active'],
      ] as const) {
        await during(id, call, method, async (operationId) => {
          const { body, headers } = expectProblem(await post(id, opposite), 409, 'operation_in_progress');
          assert.equal(body.retryable, true);
          assert.equal(body.details.operation_id, operationId);
          assert.match(headers['retry-after'] ?? '', /^\d+$/);
          const same = await post(id, call);
          assert.deepEqual([same.status, same.body.operation.id], [202, operationId]);
        });
        assert.equal(await stateOf(id), then);
      }
    });

    it('is told that the site is busy, not that it is suspended, while it is brought back', async () => {
      const { service_id: id } = await activeSite(panel);
      await post(id, 'suspend', waiting);
      await during(id, 'unsuspend', 'start', async () => {
        for (const action of ['start', 'restart', 'reset']) {
          expectProblem(await post(id, `actions/${action}`), 409, 'operation_in_progress');
        }
        const upgrade = await panel.call('POST', `/v1/sites/${id}/upgrade`, { plan: 'premium' });
        expectProblem(upgrade, 409, 'operation_in_progress');
      });
      assert.equal((await post(id, 'actions/restart', waiting)).status, 200);
    });

    it('leaves a site alone that is as wished, whatever else is done to it', async () => {
      const { service_id: id } = await activeSite(panel);
      await during(id, 'actions/stop', 'stop', async () => {
        const { status, body } = await post(id, 'unsuspend');
        assert.deepEqual([status < 300, body.state], [true, 'active']);
      });
      assert.equal(await stateOf(id), 'stopped');
    });

    it('is not refused for what failed before, when all is as wished', async () => {
      const { compute } = app.serving.provisor.providers;
      const { service_id: id } = await activeSite(panel);
      const restart = compute.restart;
      compute.restart = async () => {
        throw new ProviderError('compute/local', 'invalid', 'no such thing');
      };
      try {
        expectProblem(await post(id, 'actions/restart', waiting), 409, 'operation_failed');
      } finally {
        compute.restart = restart;
      }
      const { status, body } = await post(id, 'unsuspend', waiting);
      assert.deepEqual([status, body.state, body.operation.state], [200, 'active', 'failed']);
    });

    it('causes no error of ours', () => assert.deepEqual(app.logged, []));
  });
}
