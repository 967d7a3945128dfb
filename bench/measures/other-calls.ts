import { bearer, type Measure, withServers } from '../harness/measure.ts';
import { linesOf, measureSideBySide } from '../harness/side-by-side.ts';
import { ratioOf } from '../harness/statistics.ts';

const calls = {
  'GET /v1/sites/{service_id}': '/v1/sites/1',
  'GET /v1/whoami': '/v1/whoami',
  'GET /status (compat)': '/status?service_id=1',
  'GET /v1/operations/{operation_id}': '/v1/operations/01BENCHP000000000000000001',
};

export const otherCalls: Measure = {
  name: 'other-calls',
  title: 'Other calls, against GET /v1/sites/{service_id}',
  run: (world, { rounds, seconds }) =>
    withServers([world.startProvisor({ environment: { PROVISOR_WORKERS: '0' } })], async ([server]) => {
      const sides = Object.entries(calls).map(([name, path]) => ({
        name,
        servers: [server!],
        load: { wishes: [{ method: 'GET' as const, path }], headers: bearer(world), connections: 8, seconds },
      }));
      const measured = await measureSideBySide(sides, { rounds: Math.min(rounds, 3), warmSeconds: 1 });
      const [first, ...others] = [...measured.keys()];
      return {
        lines: linesOf(measured),
        claims: others.map((name) => ({
          what: `CPU per request of ${name} ÷ ${first}`,
          value: ratioOf(measured.get(name)!.cpuMicros, measured.get(first!)!.cpuMicros),
        })),
        notes: ['One server, the same key. The compat status also asks the workload itself how it is.'],
      };
    }),
};
