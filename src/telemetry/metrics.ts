/**
 * Prometheus: what is counted as it happens, and what is read when somebody asks.
 * The database is asked under a time limit of its own, so the answer comes, and
 * says so, when the database does not.
 */
import prometheus from 'prom-client';
import type { Clock } from '../kit/clock.ts';
import type { MetricsPage, Readings } from '../kit/readings.ts';
import type { Telemetry } from '../kit/telemetry.ts';

const { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } = prometheus;

/** How long a scrape waits for the database. Prometheus gives a scrape up after 10 seconds. */
const databaseMs = 2_000;

// Seconds. Requests are a transaction, calls to providers go over a network, steps and operations may wait for a machine.
const quick = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const slow = [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300];
const long = [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900, 3600];

const createCounts = (registers: prometheus.Registry[]) => ({
  requests: new Counter({
    name: 'provisor_requests_total',
    help: 'Answers by operationId (none: no such address) and status; 499 when the caller left first',
    labelNames: ['call', 'status'],
    registers,
  }),
  requestSeconds: new Histogram({
    name: 'provisor_request_duration_seconds',
    help: 'Time to an answer, without those for which the caller asked to wait',
    labelNames: ['call'],
    buckets: quick,
    registers,
  }),
  operations: new Counter({
    name: 'provisor_operations_ended_total',
    help: 'Operations that this process brought to an end: done, failed, or stuck and waiting for an operator',
    labelNames: ['kind', 'outcome'],
    registers,
  }),
  operationSeconds: new Histogram({
    name: 'provisor_operation_duration_seconds',
    help: 'From the request to the end of an operation',
    labelNames: ['kind'],
    buckets: long,
    registers,
  }),
  stepSeconds: new Histogram({
    name: 'provisor_step_duration_seconds',
    help: 'Tries of steps: ok, failed, or rested (not tried, because the provider is being left alone)',
    labelNames: ['kind', 'step', 'direction', 'outcome'],
    buckets: slow,
    registers,
  }),
  retries: new Counter({
    name: 'provisor_operation_retries_total',
    help: 'Operations that were put off after a failed try',
    labelNames: ['kind', 'step'],
    registers,
  }),
  leases: new Counter({
    name: 'provisor_lease_losses_total',
    help: 'Runs that stopped because their lease was, or might be, another worker’s',
    registers,
  }),
  providerSeconds: new Histogram({
    name: 'provisor_provider_call_duration_seconds',
    help: 'Calls to providers by method of the port and outcome: ok, or the kind of the failure',
    labelNames: ['provider', 'method', 'outcome'],
    buckets: slow,
    registers,
  }),
  transactions: new Counter({
    name: 'provisor_database_transaction_retries_total',
    help: 'Transactions that were run again after a deadlock, a lost certification or a lost connection',
    registers,
  }),
  deliveries: new Counter({
    name: 'provisor_deliveries_total',
    help: 'Tries to tell others by channel (webhook, mail) and outcome: delivered, put-off or given-up',
    labelNames: ['channel', 'outcome'],
    registers,
  }),
});

/** What is read anew for each scrape: nothing old can be left in it. */
const readNow = (readings: Readings): { registry: prometheus.Registry; set: GaugeSetter } => {
  const registry = new Registry();
  const set: GaugeSetter = (name, help, values) => {
    const labelNames = Object.keys(values[0]?.labels ?? {});
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
    for (const { labels, value } of values) gauge.set(labels ?? {}, value);
  };
  set('provisor_build_info', 'Which release this is and what it works with', [{ labels: readings.build, value: 1 }]);
  const { used, free, waiting, most } = readings.connections();
  set('provisor_database_connections', 'Connections to the database by what they are at', [
    { labels: { state: 'used' }, value: used },
    { labels: { state: 'idle' }, value: free },
  ]);
  set('provisor_database_connections_max', 'Connections that there may be', [{ value: most }]);
  set('provisor_database_connections_waiting', 'Queries and transactions that wait for a connection', [
    { value: waiting },
  ]);
  set('provisor_workers_busy', 'Operations that run in this process now', [{ value: readings.running() }]);
  set('provisor_workers_max', 'Operations that this process runs at a time', [{ value: readings.slots }]);
  const breakers = readings.breakers().map(({ provider, open }) => ({ labels: { provider }, value: open ? 1 : 0 }));
  set('provisor_breaker_open', '1 while a provider does not answer and is left alone', breakers);
  return { registry, set };
};

type GaugeSetter = (name: string, help: string, values: { labels?: Record<string, string>; value: number }[]) => void;

const setBacklog = (set: GaugeSetter, backlog: Awaited<ReturnType<Readings['backlog']>>): void => {
  set(
    'provisor_operations_active',
    'Operations that have not ended, by kind and state',
    backlog.active.map(({ kind, state, count }) => ({ labels: { kind, state }, value: count })),
  );
  set('provisor_queue_due', 'Operations that any worker may take now', [{ value: backlog.due.count }]);
  set('provisor_queue_oldest_seconds', 'For how long the oldest of them has been due', [
    { value: backlog.due.oldestMs / 1000 },
  ]);
  set('provisor_outbox_oldest_seconds', 'For how long the oldest of what others could be told now has waited', [
    { value: backlog.outboxMs / 1000 },
  ]);
};

export const createMetrics = ({ clock, standard = true }: { clock: Clock; standard?: boolean }) => {
  const registry = new Registry();
  // Of the process itself, and how long its event loop was held up.
  if (standard) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const counts = createCounts([registry]);
  /** A read that a dead database has not answered yet; there is never a second one. */
  let reading: Promise<unknown> | null = null;

  const readBacklog = async (readings: Readings): Promise<Awaited<ReturnType<Readings['backlog']>> | null> => {
    if (reading) return null;
    const read = readings.backlog();
    const settled = read
      .catch(() => undefined)
      .then(() => {
        reading = null;
      });
    reading = settled;
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = clock.after(databaseMs, () => resolve(null));
    return Promise.race([read.catch(() => null), late]).finally(() => timer.cancel());
  };

  const told: Omit<Telemetry, 'startSpan'> = {
    answered: (call, status, ms) => {
      counts.requests.inc({ call, status });
      if (ms !== null) counts.requestSeconds.observe({ call }, ms / 1000);
    },
    operationEnded: (kind, outcome, ms) => {
      counts.operations.inc({ kind, outcome });
      if (outcome !== 'stuck') counts.operationSeconds.observe({ kind }, Math.max(0, ms) / 1000);
    },
    stepTried: (step, outcome, ms) => counts.stepSeconds.observe({ ...step, outcome }, ms / 1000),
    retried: (kind, step) => counts.retries.inc({ kind, step }),
    leaseLost: () => counts.leases.inc(),
    providerCalled: (provider, method, outcome, ms) =>
      counts.providerSeconds.observe({ provider, method, outcome }, ms / 1000),
    transactionRetried: () => counts.transactions.inc(),
    deliveryTried: (channel, outcome) => counts.deliveries.inc({ channel, outcome }),
  };

  return {
    told,
    /** Everything, in the text format. It answers within `databaseMs`, whatever the database does. */
    page: async (readings: Readings): Promise<MetricsPage> => {
      const now = readNow(readings);
      const backlog = await readBacklog(readings);
      if (backlog) setBacklog(now.set, backlog);
      now.set('provisor_up', '1 for each part that works', [
        { labels: { part: 'database' }, value: backlog ? 1 : 0 },
        { labels: { part: 'workers' }, value: readings.accepting() ? 1 : 0 },
      ]);
      const texts = [await now.registry.metrics(), await registry.metrics()];
      return { type: registry.contentType, body: `${texts.map((text) => text.trim()).join('\n\n')}\n` };
    },
    close: () => registry.clear(),
  };
};
