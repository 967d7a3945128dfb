/** Zones and custom domains together: a customer's zone at our own nameserver leads a domain to a site of the same customer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { expectProblem } from '../support/answers.ts';
import { type Answer, activeSite, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { domainsPath } from '../support/domains.ts';
import { freePorts } from '../support/program.ts';

for (const database of databases) {
  describe(`zones in which sites have names, on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      // What asks about domains asks the nameserver of the zones themselves.
      const [port] = (await freePorts(1)) as [number];
      app = await startApp(database, {
        environment: {
          PROVISOR_PUBLIC_IP: '203.0.113.10',
          PROVISOR_DNS_PORT: String(port),
          PROVISOR_RESOLVERS: `127.0.0.1:${port}`,
          PROVISOR_DOMAIN_OWNERSHIP: 'never',
        },
      });
    });
    after(() => app.stop());

    let names = 0;
    const newZone = async (customer_id?: string): Promise<string> => {
      const name = `in-use-${++names}.com`;
      const made = await app.panel.call('POST', '/v1/zones', { name, customer_id }, waiting);
      assert.equal(made.status, 201, made.text);
      return name;
    };
    const remove = (zone: string): Promise<Answer> => app.panel.call('DELETE', `/v1/zones/${zone}`, undefined, waiting);
    const addDomain = (id: string, hostname: string) => app.panel.call('POST', domainsPath(id), { hostname }, waiting);
    const leads = async (id: string, hostname: string): Promise<void> => {
      const added = await addDomain(id, hostname);
      assert.deepEqual([added.status, added.body.state], [201, 'active'], added.text);
      assert.equal((await app.visit(hostname)).status, 200);
    };

    it('lead them to the site, and cannot be deleted before they are removed there', async () => {
      const site = await activeSite(app.panel, { customer_id: '7' });
      const zone = await newZone('7');
      // The first records of a zone are enough for these.
      for (const name of [zone, `www.${zone}`]) {
        await leads(site.service_id, name);
        const refused = await remove(zone);
        expectProblem(refused, 409, 'zone_in_use');
        assert.equal(
          refused.body.error,
          `The zone ${zone} is in use: ${name} is a domain of service ${site.service_id}. Remove it there first.`,
        );
        assert.equal((await app.panel.call('GET', `/v1/zones/${zone}`)).body.state, 'active');
        const gone = await app.panel.call('DELETE', domainsPath(site.service_id, `/${name}`), undefined, waiting);
        assert.equal(gone.status, 200, gone.text);
      }
      const deep = `a.b.${zone}`;
      await app.panel.call('POST', `/v1/zones/${zone}/records`, { name: 'a.b', type: 'A', data: 'PROXYSRV' });
      await leads(site.service_id, deep);
      const answer = await app.panel.call('POST', '/customdomain/delete/zone', { domain: zone });
      expectProblem(answer, 409, 'zone_in_use');
      assert.equal((await app.panel.call('DELETE', `/v1/sites/${site.service_id}`, undefined, waiting)).status, 200);
      assert.equal((await remove(zone)).status, 200);
    });

    it('that only end alike, or whose domain is a wish so far, can be deleted', async () => {
      const site = await activeSite(app.panel);
      const zone = await newZone();
      const longer = `not-${zone}`;
      await app.panel.call('POST', '/v1/zones', { name: longer }, waiting);
      await leads(site.service_id, `www.${longer}`);
      const wish = await addDomain(site.service_id, `nowhere.${zone}`);
      assert.deepEqual([wish.status, wish.body.reason], [202, 'not_pointing'], wish.text);
      assert.equal((await remove(zone)).status, 200);
      expectProblem(await remove(longer), 409, 'zone_in_use');
    });

    it('are kept by sites of the same customer, or of nobody known, and by nobody else’s', async () => {
      const [own, unnamed, others] = [
        await activeSite(app.panel, { customer_id: '8' }),
        await activeSite(app.panel),
        await activeSite(app.panel, { customer_id: '9' }),
      ];
      for (const [site, isKept] of [
        [own, true],
        [unnamed, true],
        [others, false],
      ] as const) {
        const zone = await newZone('8');
        await leads(site.service_id, `www.${zone}`);
        const answer = await remove(zone);
        if (isKept) expectProblem(answer, 409, 'zone_in_use');
        else assert.equal(answer.status, 200, answer.text);
      }
      const panels = await app.newPanel();
      const stranger = await activeSite(panels);
      const zone = await newZone();
      const added = await panels.call('POST', domainsPath(stranger.service_id), { hostname: `www.${zone}` }, waiting);
      assert.equal(added.body.state, 'active', added.text);
      assert.equal((await remove(zone)).status, 200);
    });

    it('leave no error in the log', () => assert.deepEqual(app.logged, []));
  });
}
