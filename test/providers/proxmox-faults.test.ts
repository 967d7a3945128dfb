/** Fault 4 with Proxmox: every call of its API that changes something loses its answer once, in a whole life over our API. The cluster is a fake. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { activeSite, startApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { openProxmox } from '../support/proxmox.ts';
import { findFaults } from '../support/world.ts';

for (const database of databases) {
  describe(`a site on Proxmox, on ${database.name}`, () => {
    it('comes to the same end when answers are lost, and is there once', async (t) => {
      const { fake, environment, close } = await openProxmox();
      const app = await startApp(database, {
        environment: { PROVISOR_COMPUTE: 'proxmox', ...environment },
        replacements: { timing: { graceMs: 20, backoffMs: { first: 5, last: 20 } } },
      });
      t.after(async () => {
        await app.stop();
        await close();
      });
      /** Loses the answers to the next `times` requests like this while `work` goes on. */
      const losing = async <T>(request: RegExp, times: number, work: () => Promise<T>): Promise<T> => {
        fake.requests.length = 0;
        fake.loseAnswer(request, times);
        const done = await work();
        const lost = fake.requests.filter((made) => request.test(made)).length;
        assert.ok(lost >= times, `${lost} requests like ${request}: ${fake.requests.join('; ')}`);
        assert.deepEqual(await findFaults(app.serving.provisor), [], String(request));
        return done;
      };

      const { service_id: id, vmid } = await losing(/^POST .*\/(lxc|status\/start|snapshot)$/, 3, () =>
        activeSite(app.panel),
      );
      assert.deepEqual([...fake.world.guests.keys()], [vmid]);
      const guest = () => fake.world.guests.get(vmid)!;
      assert.deepEqual([...guest().snapshots.keys()], ['initial']);

      const act = async (path: string, body: object = {}, method: 'POST' | 'DELETE' = 'POST') => {
        const headers = { ...waiting, 'Idempotency-Key': `${path} ${method}` };
        const answer = await app.panel.call(method, `/v1/sites/${id}${path}`, body, headers);
        assert.ok(answer.status === 200 || answer.status === 201, `${path}: ${answer.status} ${answer.text}`);
        return answer.body;
      };
      await losing(/^POST .*\/status\/(shutdown|stop)$/, 1, () => act('/suspend'));
      await losing(/^POST .*\/status\/start$/, 1, () => act('/unsuspend'));
      await losing(/^PUT .*\/(config|resize)$/, 2, () => act('/upgrade', { plan: 'premium' }));
      const { name } = await losing(/^POST .*\/snapshot$/, 1, () => act('/backups'));
      await losing(/^POST .*\/rollback$/, 1, () => act(`/backups/${name}/rollback`));
      await losing(/^DELETE .*\/snapshot\//, 1, () => act(`/backups/${name}`, {}, 'DELETE'));
      await losing(/^DELETE .*\/lxc\/\d+/, 1, () => act('', {}, 'DELETE'));
      assert.equal(fake.world.guests.size, 0);
      assert.deepEqual(await app.serving.provisor.sweep(), { orphans: [], missing: [], uncertain: 0 });
    });
  });
}
