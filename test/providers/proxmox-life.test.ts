/** A site's whole life over the API, on Proxmox VE as far as a fake of it goes; and what happens when it misbehaves. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { activeSite, startApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { openProxmox } from '../support/proxmox.ts';

for (const database of databases) {
  describe(`a site on Proxmox, on ${database.name}`, () => {
    it('lives from its creation to its deletion, and leaves nothing', async (t) => {
      const { fake, environment, close } = await openProxmox();
      const app = await startApp(database, { environment: { PROVISOR_COMPUTE: 'proxmox', ...environment } });
      t.after(async () => {
        await app.stop();
        await close();
      });
      const { world } = fake;
      const site = await activeSite(app.panel);
      const { service_id: id, vmid } = site;
      const file = join(world.rootOf(vmid), 'var/www/html/post.txt');
      const guest = () => world.guests.get(vmid)!;
      const act = async (path: string, body: object = {}, headers: Record<string, string> = {}) => {
        const answer = await app.panel.call('POST', `/v1/sites/${id}/${path}`, body, { ...waiting, ...headers });
        assert.ok(answer.status === 200 || answer.status === 201, `${path}: ${answer.status} ${answer.text}`);
        return answer.body;
      };
      assert.equal(guest().config.hostname, site.hostname);
      assert.match(String(guest().config.net0), new RegExp(`ip=${site.private_ip}/24`));
      assert.deepEqual([...guest().snapshots.keys()], ['initial']);
      assert.match(await readFile(join(world.rootOf(vmid), 'var/www/html/installed-as'), 'utf8'), /@example\.com/);

      const status = await app.panel.call('GET', `/v1/sites/${id}/status`);
      assert.deepEqual([status.body.workload, status.body.node], ['running', 'pve1'], status.text);
      await act('suspend');
      assert.equal(guest().status, 'stopped');
      await act('unsuspend');
      assert.equal(guest().status, 'running');
      await act('upgrade', { plan: 'premium' });
      assert.ok(Number(guest().config.memory) > 256);
      const { memory, rootfs } = guest().config;

      await writeFile(file, 'before');
      const { name } = await act('backups', {}, { 'Idempotency-Key': 'backup-1' });
      await writeFile(file, 'after');
      await act(`backups/${name}/rollback`);
      assert.equal(await readFile(file, 'utf8'), 'before');
      await act('backups/safety/rollback');
      assert.equal(await readFile(file, 'utf8'), 'after');
      await act('actions/reset');
      await assert.rejects(readFile(file), /ENOENT/);
      assert.deepEqual([guest().status, guest().config.memory, guest().config.rootfs], ['running', memory, rootfs]);
      const link = await act('login-link');
      assert.match(link.url, /provisor-login=/);
      await act('actions/restart');

      const stranger = world.add({
        vmid: 5,
        type: 'lxc',
        node: 'pve1',
        status: 'stopped',
        config: { hostname: 'mail' },
      });
      const gone = await app.panel.call('DELETE', `/v1/sites/${id}`, undefined, waiting);
      assert.equal(gone.status, 200, gone.text);
      assert.deepEqual([...world.guests.values()], [stranger]);
      assert.deepEqual(await app.serving.provisor.sweep(), { orphans: [], missing: [], uncertain: 0 });
      assert.deepEqual(app.logged, []);
    });

    it('goes back to its newest copy only on ZFS, and notices nothing of a wish for another', async (t) => {
      const { fake, environment, close } = await openProxmox();
      fake.world.storageType = 'zfspool';
      const app = await startApp(database, { environment: { PROVISOR_COMPUTE: 'proxmox', ...environment } });
      t.after(async () => {
        await app.stop();
        await close();
      });
      const { service_id: id, vmid } = await activeSite(app.panel);
      const call = (path: string, headers = {}) =>
        app.panel.call('POST', `/v1/sites/${id}/${path}`, {}, { ...waiting, ...headers });
      const { name } = (await call('backups', { 'Idempotency-Key': 'backup-1' })).body;
      const { startedAt } = fake.world.guests.get(vmid)!;
      const requests = fake.requests.length;
      for (const path of ['actions/reset', 'backups/initial/rollback']) {
        const refused = await call(path);
        assert.equal(refused.status, 409, refused.text);
        assert.equal((await app.panel.call('GET', `/v1/sites/${id}`)).body.state, 'active');
      }
      assert.equal(fake.world.guests.get(vmid)!.startedAt, startedAt);
      assert.deepEqual(
        fake.requests.slice(requests).filter((request) => !request.startsWith('GET ')),
        [],
      );
      assert.equal((await call(`backups/${name}/rollback`)).status, 200);
      assert.deepEqual([...fake.world.guests.get(vmid)!.snapshots.keys()], ['initial', name]);
    });

    it('is refused where a stranger has its number, which stays untouched', async (t) => {
      const { fake, environment, close } = await openProxmox();
      const app = await startApp(database, {
        environment: { PROVISOR_COMPUTE: 'proxmox', PROVISOR_VMIDS: '700-700', ...environment },
      });
      t.after(async () => {
        await app.stop();
        await close();
      });
      const stranger = fake.world.add({
        vmid: 700,
        type: 'lxc',
        node: 'pve1',
        status: 'running',
        config: { hostname: 'mail', description: 'Mail' },
      });
      const before = structuredClone(stranger);
      const answer = await app.panel.call(
        'POST',
        '/v1/sites',
        { service_id: '1', email: 'ada@example.com', plan: 'basic' },
        waiting,
      );
      assert.equal(answer.status, 409, answer.text);
      const { data } = (await app.panel.call('GET', '/v1/operations')).body;
      assert.deepEqual(
        data.map((operation: { state: string }) => operation.state),
        ['failed'],
      );
      assert.deepEqual(fake.world.guests.get(700), before);
      assert.deepEqual([...fake.world.guests.keys()], [700]);
    });
  });
}
