/** Measures several servers in turn, round by round, so that whatever else the machine does falls on all of them. */
import type { Child } from './child.ts';
import type { Line } from './findings.ts';
import { type Load, type LoadOptions, putLoadOn } from './load.ts';
import { cpuMs } from './process-usage.ts';
import { figureOf } from './statistics.ts';

/** One side: a server, or several that share the load. */
export interface Side {
  name: string;
  servers: Pick<Child, 'url' | 'pid'>[];
  load: LoadOptions;
}

export interface Measured {
  /** Microseconds of CPU of the server for each request, by round. */
  cpuMicros: number[];
  perSecond: number[];
  p50Ms: number[];
  p99Ms: number[];
}

const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);

const measureOnce = async ({ servers, load }: Side): Promise<Record<keyof Measured, number>> => {
  // Several server processes behind one address are given as one server.
  const pids = [...new Set(servers.map(({ pid }) => pid))];
  const cpu = () => sum(pids.map(cpuMs));
  const before = cpu();
  const share = { ...load, connections: Math.max(1, Math.floor(load.connections / servers.length)) };
  const loads: Load[] = await Promise.all(servers.map(({ url }) => putLoadOn(url, share)));
  const used = cpu() - before;
  const requests = sum(loads.map((one) => one.requests));
  return {
    cpuMicros: (used * 1000) / requests,
    perSecond: sum(loads.map((one) => one.requests / (one.durationMs / 1000))),
    p50Ms: Math.max(...loads.map((one) => one.p50Ms)),
    p99Ms: Math.max(...loads.map((one) => one.p99Ms)),
  };
};

/** Every side is warmed up first; each round begins with another side. */
export const measureSideBySide = async (
  sides: readonly Side[],
  { rounds, warmSeconds = 2 }: { rounds: number; warmSeconds?: number },
): Promise<Map<string, Measured>> => {
  const measured = new Map<string, Measured>(
    sides.map(({ name }) => [name, { cpuMicros: [], perSecond: [], p50Ms: [], p99Ms: [] }]),
  );
  for (const side of sides) await measureOnce({ ...side, load: { ...side.load, seconds: warmSeconds } });
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(round + turn) % sides.length]!;
      const once = await measureOnce(side);
      const all = measured.get(side.name)!;
      for (const key of Object.keys(once) as (keyof Measured)[]) all[key].push(once[key]);
    }
  }
  return measured;
};

export const linesOf = (measured: Map<string, Measured>): Line[] =>
  [...measured].map(([subject, { cpuMicros, perSecond, p50Ms, p99Ms }]) => ({
    subject,
    figures: {
      'CPU µs/request': figureOf(cpuMicros),
      'requests/s': figureOf(perSecond),
      'p50 ms': figureOf(p50Ms),
      'p99 ms': figureOf(p99Ms),
    },
  }));
