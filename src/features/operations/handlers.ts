import type { Handlers, Stream } from '../../contract/handler.ts';
import { pageOf, pageWish } from '../../contract/paging.ts';
import { isAtRest, type Operation } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { operationView, watchHeaders } from './operation-view.ts';

export const operationHandlers = (operations: Operations) => {
  const view = (operation: Operation) => operationView(operation, operations.isRetryable(operation));

  const accepted = (operation: Operation) =>
    ({ status: 202, headers: watchHeaders(operation), body: view(operation) }) as const;

  /** Tells every change of an operation until it is at rest, or the listener has gone. */
  const stream = (id: string): Stream => ({
    stream: (write, closed) =>
      operations.follow(id, closed, (operation) => {
        const rest = isAtRest(operation.state);
        write({ event: rest ? 'end' : 'progress', data: view(operation) });
        return rest ? 'stop' : 'go';
      }),
  });

  /** Tells every change of a panel's operations. */
  const streamOfAll = (panelId: string): Stream => {
    const follow = operations.followPanel(panelId);
    return {
      stream: async (write, closed) => {
        const changed = (operation: Operation) =>
          write({ event: isAtRest(operation.state) ? 'end' : 'progress', data: view(operation) });
        await follow({ changed, current: (more) => write({ event: 'current', data: { more } }) }, closed);
        write({ event: 'bye', data: {} });
      },
    };
  };

  return {
    listOperations: async ({ caller, query }) => {
      const { limit, after } = pageWish(query);
      const filter = { panelId: caller.panelId, ...(query.state === undefined ? {} : { state: query.state }) };
      const found = await operations.list(filter, {
        limit: limit + 1,
        ...(after === undefined ? {} : { before: after }),
      });
      return { status: 200, body: pageOf(found, limit, (operation) => operation.id, view) };
    },
    getOperation: async ({ caller, path, query, signal }) => {
      const seen = await operations.find(caller.panelId, path.operation_id);
      const seconds = query.wait ?? 0;
      const operation =
        seconds === 0 || isAtRest(seen.state)
          ? seen
          : ((await operations.waitForRest(seen.id, seconds * 1000, signal)) ?? seen);
      return {
        status: 200,
        ...(isAtRest(operation.state) ? {} : { headers: { 'Retry-After': '2' } }),
        body: view(operation),
      };
    },
    cancelOperation: async ({ caller, path }) => accepted(await operations.cancel(caller, path.operation_id)),
    retryOperation: async ({ caller, path }) => accepted(await operations.retry(caller, path.operation_id)),
    streamOperations: async ({ caller }) => streamOfAll(caller.panelId),
    streamOperationEvents: async ({ caller, path }) => {
      await operations.find(caller.panelId, path.operation_id);
      return stream(path.operation_id);
    },
  } satisfies Handlers<
    | 'streamOperations'
    | 'listOperations'
    | 'getOperation'
    | 'cancelOperation'
    | 'retryOperation'
    | 'streamOperationEvents'
  >;
};
