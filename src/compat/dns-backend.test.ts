import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Zones } from '../features/dns/zones.ts';
import { AppError } from '../kit/errors.ts';
import type { Operations } from '../operations/operations.ts';
import { dnsBackendHandlers } from './dns-backend.ts';

it('lists the other zones when one is deleted between the list and a look at its records', async () => {
  const zones = {
    list: async () => ['stays.com', 'goes.com'].map((name) => ({ name, number: name, state: 'active' })),
    records: async (_caller: unknown, { name }: { name: string }) => {
      if (name === 'goes.com') throw new AppError('not_found', 'not_found', 'There is no zone goes.com.');
      return { records: [] };
    },
  };
  const { compatGetZones } = dnsBackendHandlers(zones as unknown as Zones, {} as Operations);
  const input = { caller: { panelId: 'p', actor: 'a', requestId: null }, body: { user_id: 7 } };
  const answer = await compatGetZones(input as unknown as Parameters<typeof compatGetZones>[0]);
  assert.deepEqual(answer, {
    status: 200,
    body: { zones: [{ zone: { id: 'stays.com', name: 'stays.com', records: {} } }] },
  });
});
