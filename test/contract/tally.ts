/** Counts what a server answered, by what it tells of each answer itself. */
import { type OpenApiDocument, operationsOf } from '../../src/contract/document.ts';
import type { Log } from '../../src/kit/log.ts';
import { noneShown, type ShownTelemetry } from '../../src/kit/telemetry.ts';

export interface Tally {
  requests: number;
  /** How often each status of each operation was answered; `null` is an address or method that is not there. */
  statuses: Map<string | null, Map<number, number>>;
  /** Milliseconds that the answers of each operation took together. */
  took: Map<string | null, number>;
  /** What the server said of its own failures. */
  failures: string[];
}

/** A log and a telemetry that count. */
export const createTally = (): { tally: Tally; log: Log; telemetry: ShownTelemetry } => {
  const tally: Tally = { requests: 0, statuses: new Map(), took: new Map(), failures: [] };
  const fail = (fields: object, message: string) => {
    const { err } = fields as { err?: unknown };
    tally.failures.push(`${message}: ${err instanceof Error ? (err.stack ?? err.message) : JSON.stringify(fields)}`);
  };
  return {
    tally,
    log: {
      debug: () => {},
      info: () => {},
      warn: fail,
      error: fail,
    },
    telemetry: {
      ...noneShown,
      answered: (call, status, ms) => {
        const operation = call === 'none' ? null : call;
        const counts = tally.statuses.get(operation) ?? new Map<number, number>();
        tally.statuses.set(operation, counts.set(status, (counts.get(status) ?? 0) + 1));
        tally.took.set(operation, (tally.took.get(operation) ?? 0) + (ms ?? 0));
        tally.requests += 1;
      },
    },
  };
};

export interface Summary {
  requests: number;
  operations: number;
  /** Operations that were never answered with 2xx, with what they were answered with. */
  neverDone: string[];
  serverErrors: number;
  /** `operation status` that the contract does not have. */
  undocumented: string[];
}

/** What was counted, held against the contract with all its statuses spelt out. */
export const summarize = (tally: Tally, strict: OpenApiDocument): Summary => {
  const operations = operationsOf(strict);
  const countsOf = (id: string) => [...(tally.statuses.get(id) ?? new Map<number, number>())];
  const undocumented: string[] = [];
  for (const { operationId, path, method } of operations) {
    const { responses } = strict.paths[path]?.[method] as { responses: Record<string, unknown> };
    for (const [status] of countsOf(operationId)) {
      if (!Object.hasOwn(responses, String(status))) undocumented.push(`${operationId} ${status}`);
    }
  }
  for (const [status] of tally.statuses.get(null) ?? []) {
    if (status !== 404 && status !== 405) undocumented.push(`no operation ${status}`);
  }
  const all = [...tally.statuses.values()].flatMap((counts) => [...counts]);
  return {
    requests: tally.requests,
    operations: operations.filter(({ operationId }) => countsOf(operationId).length > 0).length,
    neverDone: operations
      .filter(({ operationId }) => !countsOf(operationId).some(([status]) => status >= 200 && status < 300))
      .map(
        ({ operationId }) =>
          `${operationId} (${countsOf(operationId)
            .map(([status]) => status)
            .join(' ')})`,
      ),
    serverErrors: all.reduce((sum, [status, count]) => sum + (status >= 500 ? count : 0), 0),
    undocumented,
  };
};
