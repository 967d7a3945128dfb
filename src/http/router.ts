/**
 * Finds the operation of a request. A radix tree, so the cost does not grow with
 * the number of paths; Express and the validator would both try one after the other.
 */
import findMyWay from 'find-my-way';
import { type ContractOperation, methods } from '../contract/document.ts';
import { HttpError } from './errors.ts';

export interface Match {
  operation: ContractOperation;
  pathParams: Record<string, string>;
}

export const createRouter = (operations: ContractOperation[]) => {
  const tree = findMyWay({ ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: 4096 });
  for (const operation of operations) {
    const path = operation.path.replaceAll(/\{([^}]+)\}/g, ':$1');
    tree.on(operation.method.toUpperCase() as 'GET', path, () => undefined, operation);
  }

  const allowed = (path: string): string[] =>
    methods.map((method) => method.toUpperCase()).filter((method) => tree.find(method as 'GET', path) !== null);

  /** Errors: HttpError 404, or 405 with `Allow` when another method is there. */
  return (method: string, path: string): Match => {
    // HEAD is GET without the body; Node leaves the body out.
    const found = tree.find((method === 'HEAD' ? 'GET' : method) as 'GET', path);
    const operation = found?.store as ContractOperation | undefined;
    if (found && operation) return { operation, pathParams: found.params as Record<string, string> };
    const others = allowed(path);
    if (others.length === 0) throw new HttpError(404, 'not_found', 'There is nothing at this address.');
    throw new HttpError(405, 'method_not_allowed', `This address takes ${others.join(', ')}.`, {
      Allow: others.join(', '),
    });
  };
};
