import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databases } from '../../test/support/databases.ts';
import { handClock } from '../../test/support/hand-clock.ts';
import { createRateExchange } from './rate-exchange.ts';
import { createRateLimit, RateLimited } from './rate-limit.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const settings = { perAddress: 100, perKey: 60, failures: 5 };

/** How many of `tries` go through. */
const through = (tries: number, call: () => void): number => {
  let passed = 0;
  for (let n = 0; n < tries; n += 1) {
    try {
      call();
      passed += 1;
    } catch (error) {
      if (!(error instanceof RateLimited)) throw error;
    }
  }
  return passed;
};

describe('A limit of calls', () => {
  it('lets a minute’s calls through at once, and then one for each that its time has come', () => {
    const clock = handClock();
    const limit = createRateLimit({ clock, settings });
    assert.equal(
      through(500, () => limit.takeKey('a')),
      60,
    );
    clock.advance(10_000);
    assert.equal(
      through(500, () => limit.takeKey('a')),
      10,
    );
    clock.advance(600_000);
    assert.equal(
      through(500, () => limit.takeKey('a')),
      60,
    );
  });

  it('says when to come back, and keeps its word', () => {
    const clock = handClock();
    const limit = createRateLimit({ clock, settings });
    through(60, () => limit.takeKey('a'));
    assert.throws(
      () => limit.takeKey('a'),
      (error: RateLimited) => {
        assert.deepEqual(error.headers, {
          'Retry-After': '1',
          'RateLimit-Policy': '"key";q=60;w=60',
          RateLimit: '"key";r=0;t=1',
        });
        return true;
      },
    );
    clock.advance(1_000);
    limit.takeKey('a');
  });

  it('is each key’s own', () => {
    const limit = createRateLimit({ clock: handClock(), settings });
    through(60, () => limit.takeKey('a'));
    limit.takeKey('b');
  });

  it('counts refused keys apart, and stops listening to their address', () => {
    const clock = handClock();
    const limit = createRateLimit({ clock, settings });
    for (let n = 0; n < 5; n += 1) {
      limit.takeAddress('192.0.2.1');
      limit.refused('192.0.2.1');
    }
    assert.throws(() => limit.takeAddress('192.0.2.1'), RateLimited);
    limit.takeAddress('192.0.2.2');
    clock.advance(12_000);
    limit.takeAddress('192.0.2.1');
  });

  it('is none where it is 0', () => {
    const limit = createRateLimit({ clock: handClock(), settings: { perAddress: 0, perKey: 0, failures: 0 } });
    for (let n = 0; n < 1000; n += 1) limit.refused('192.0.2.1');
    assert.equal(
      through(10_000, () => limit.takeAddress('192.0.2.1')),
      10_000,
    );
    assert.equal(limit.size, 0);
  });

  it('keeps a bounded number of addresses, whoever calls from wherever', () => {
    const limit = createRateLimit({ clock: handClock(), settings });
    for (let n = 0; n < 60_000; n += 1) limit.takeAddress(`2001:db8:${n.toString(16)}:0::/64`);
    assert.ok(limit.size <= 50_000, String(limit.size));
  });

  it('forgets who has been quiet for a minute', () => {
    const clock = handClock();
    const limit = createRateLimit({ clock, settings });
    limit.takeKey('a');
    clock.advance(60_000);
    limit.busy();
    assert.equal(limit.size, 0);
  });
});

for (const database of databases) {
  describe(`A limit of calls over replicas, on ${database.name}`, () => {
    it('holds for all together: what was let through twice is paid back', async () => {
      const { db, drop } = await database.open();
      try {
        const clock = handClock();
        const replicas = [1, 2, 3].map(() => {
          const limit = createRateLimit({ clock, settings });
          return { limit, ...createRateExchange({ db, clock, log: quiet, limit }) };
        });
        const round = () => replicas.map(({ limit }) => through(200, () => limit.takeKey('a')));
        const exchange = async () => {
          for (const replica of replicas) await replica.exchange();
        };
        for (const { limit } of replicas) through(6, () => limit.takeKey('a'));
        await exchange();
        await exchange();
        let all = 18;
        for (let minute = 0; minute < 10; minute += 1) {
          for (let second = 0; second < 60; second += 2) {
            all += round().reduce((sum, one) => sum + one, 0);
            await exchange();
            clock.advance(2_000);
          }
        }
        // One bucket and ten minutes, and at most the buckets of the others once.
        assert.ok(all <= 60 + 600 + 2 * 60, `${all} calls`);
        assert.ok(all >= 540, `${all} calls`);
      } finally {
        await drop();
      }
    });

    it('asks the database nothing while nobody calls often', async () => {
      const { db, drop } = await database.open();
      try {
        const limit = createRateLimit({ clock: handClock(), settings });
        const { exchange } = createRateExchange({ db, clock: handClock(), log: quiet, limit });
        let queries = 0;
        db.knex.on('query', () => {
          queries += 1;
        });
        limit.takeKey('a');
        await exchange();
        assert.equal(queries, 0);
      } finally {
        await drop();
      }
    });

    it('removes what nobody has touched for an hour', async () => {
      let offset = 0;
      const { db, drop } = await database.open({ clockOffset: () => offset });
      try {
        const limit = createRateLimit({ clock: handClock(), settings });
        const { exchange, clean } = createRateExchange({ db, clock: handClock(), log: quiet, limit });
        through(60, () => limit.takeKey('a'));
        await exchange();
        assert.equal(await clean(), 0);
        offset = 3_601_000;
        assert.equal(await clean(), 1);
      } finally {
        await drop();
      }
    });
  });
}
