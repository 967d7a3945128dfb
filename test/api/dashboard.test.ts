/** What the operator's page asks for: counts, search, drift, and the stream of all operations. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Clock, systemClock } from '../../src/kit/clock.ts';
import { expectProblem } from '../support/answers.ts';
import { activeSite, type Client, startApp, type TestApp, waiting } from '../support/app.ts';
import { databases } from '../support/databases.ts';
import { readEvents, type StreamedEvent } from '../support/event-stream.ts';

for (const database of databases) {
  describe(`The overview and the stream, on ${database.name}`, () => {
    let app: TestApp;
    before(async () => {
      app = await startApp(database);
    });
    after(() => app.stop());

    it('counts sites and operations by state, and what may not be read is null', async () => {
      const panel = await app.newPanel();
      const { service_id: id } = await activeSite(panel);
      await activeSite(panel);
      await panel.call('POST', `/v1/sites/${id}/suspend`, {}, waiting);
      const { body } = await panel.call('GET', '/v1/overview');
      const none = { creating: 0, active: 1, stopped: 0, suspended: 1, failed: 0, deleting: 0 };
      assert.deepEqual(body.sites, none);
      assert.deepEqual(body.operations, { pending: 0, queued: 0, running: 0, undoing: 0, failed: 0, stuck: 0 });
      const { db, panels } = app.serving.provisor;
      const { text } = await panels.issue(panel.panelId, { scopes: ['operations:read'] });
      await db.knex('operations').where({ panel_id: panel.panelId, kind: 'site.suspend' }).update({ state: 'stuck' });
      const half = (await app.client(text).call('GET', '/v1/overview')).body;
      assert.deepEqual([half.sites, half.operations.stuck], [null, 1]);
      const stranger = (await (await app.newPanel()).call('GET', '/v1/overview')).body;
      assert.equal(stranger.sites.active + stranger.operations.stuck, 0);
    });

    it('finds sites by any of their names, in any case, and takes signs for themselves', async () => {
      const panel = await app.newPanel();
      await activeSite(panel, { service_id: 'Find_Me', email: 'Olga@Example.com', customer_id: 'C-77' });
      await activeSite(panel, { service_id: 'other', email: 'zed@example.com', plan: 'premium' });
      const found = async (query: string) =>
        (await panel.call('GET', `/v1/sites?${query}`)).body.data.map(
          (site: { service_id: string }) => site.service_id,
        );
      for (const word of ['find_me', 'OLGA@', 'c-77', 'olga']) {
        assert.deepEqual(await found(`search=${encodeURIComponent(word)}`), ['Find_Me'], word);
      }
      assert.deepEqual(await found('search=olga@example.com'), ['Find_Me']);
      for (const word of ['%', 'find%', '_ind', '!', "' or 1=1", 'nobody']) {
        assert.deepEqual(await found(`search=${encodeURIComponent(word)}`), [], word);
      }
      assert.deepEqual(await found('plan=premium'), ['other']);
      assert.deepEqual(await found('plan=premium&search=olga'), []);
      assert.equal((await panel.call('GET', '/v1/sites?search=')).status, 400);
      assert.equal((await panel.call('GET', `/v1/sites?search=${'x'.repeat(101)}`)).status, 400);
    });

    it('shows what a sweep noted to the operator only', async () => {
      const { db } = app.serving.provisor;
      assert.deepEqual((await app.panel.call('GET', '/v1/drift')).body, { data: [], more: false });
      const row = { kind: 'route', name: 'svc-x', first_seen_at: 1_000, last_seen_at: 2_000, times: 2 };
      await db.knex('sweep_sightings').insert(row);
      assert.deepEqual((await app.panel.call('GET', '/v1/drift')).body, {
        data: [
          {
            kind: 'route',
            name: 'svc-x',
            first_seen_at: '1970-01-01T00:00:01.000Z',
            last_seen_at: '1970-01-01T00:00:02.000Z',
            times: 2,
          },
        ],
        more: false,
      });
      const usual = await app.serving.provisor.panels.issue(app.panel.panelId, {});
      expectProblem(await app.client(usual.text).call('GET', '/v1/drift'), 403, 'scope_missing');
    });

    const listen = (panel: Client, enough: (seen: StreamedEvent[]) => boolean) => {
      const seen: StreamedEvent[] = [];
      const done = Promise.withResolvers<StreamedEvent[]>();
      const begun = Promise.withResolvers<void>();
      const headers = { authorization: `Bearer ${panel.key}` };
      readEvents(`${app.serving.url}/v1/operations/events`, headers, (event) => {
        seen.push(event);
        if (event.event === 'current') begun.resolve();
        if (enough(seen)) done.resolve(seen);
      }).catch(done.reject);
      return { begun: begun.promise, done: done.promise, seen };
    };

    it('tells every listener of a panel of its operations, and nobody else', async () => {
      const panel = await app.newPanel();
      const stranger = await app.newPanel();
      const has = (kind: string) => (seen: StreamedEvent[]) =>
        seen.some(({ event, data }) => event === 'end' && data.kind === kind);
      const ears = [1, 2, 3].map(() => listen(panel, has('site.restart')));
      const foreign = listen(stranger, () => false);
      await Promise.all([...ears, foreign].map(({ begun }) => begun));
      assert.equal(app.serving.provisor.operations.panelsFollowed(), 2);
      const { service_id: id } = await activeSite(panel);
      await panel.call('POST', `/v1/sites/${id}/actions/restart`, {}, waiting);
      for (const { done } of ears) {
        const ended = (await done).filter(({ event }) => event === 'end').map(({ data }) => data.kind);
        assert.deepEqual(ended, ['site.create', 'site.restart']);
      }
      assert.deepEqual(
        foreign.seen.map(({ event }) => event),
        ['current'],
      );
    });

    it('is not for a key without the scope', async () => {
      const narrow = await app.newPanel({ scopes: ['sites:read'] });
      expectProblem(await narrow.call('GET', '/v1/operations/events'), 403, 'scope_missing');
    });
  });
}

describe('The stream of all operations', () => {
  let app: TestApp;
  /** What is to happen after two minutes happens when a test says so. */
  let longAfter: (() => void)[] = [];
  const clock: Clock = {
    monotonic: systemClock.monotonic,
    after: (ms, task) => {
      if (ms !== 120_000) return systemClock.after(ms, task);
      longAfter.push(task);
      return { cancel: () => undefined };
    },
  };
  before(async () => {
    app = await startApp(databases[0]!, { replacements: { clock } });
  });
  after(() => app.stop());
  const open = (panel: Client) => {
    const begun = Promise.withResolvers<void>();
    const headers = { authorization: `Bearer ${panel.key}` };
    const ended = readEvents(`${app.serving.url}/v1/operations/events`, headers, ({ event }) => {
      if (event === 'current') begun.resolve();
    });
    return { begun: begun.promise, ended };
  };

  it('has room for a hundred listeners of a panel, however they come, and ends after two minutes', async () => {
    const [panel, other] = [await app.newPanel(), await app.newPanel()];
    const all = Array.from({ length: 130 }, () => open(panel));
    // Who is refused gets an answer at once; who is let in hears `current` first.
    const first = await Promise.all(
      all.map(({ begun, ended }) => Promise.race([begun.then(() => 200), ended.then(({ status }) => status)])),
    );
    assert.deepEqual(
      [200, 429].map((status) => first.filter((each) => each === status).length),
      [100, 30],
    );
    const refused = expectProblem(await panel.call('GET', '/v1/operations/events'), 429, 'rate_limited');
    assert.match(refused.headers['retry-after'] ?? '', /^[1-9]\d*$/);
    const foreign = open(other);
    await foreign.begun;

    for (const end of longAfter.splice(0)) end();
    for (const { ended } of all.filter((_, at) => first[at] === 200)) {
      const { events } = await ended;
      assert.deepEqual(
        events.map(({ event }) => event),
        ['current', 'bye'],
      );
    }
    assert.equal((await foreign.ended).events.at(-1)?.event, 'bye');
    // Their places are free again.
    longAfter = [];
    const again = open(panel);
    await again.begun;
    for (const end of longAfter.splice(0)) end();
    await again.ended;
  });
});
