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
  // The tree knows addresses only. As OpenAPI has it, an address that is written out goes before one with a parameter,
  // whatever methods either takes.
  const tree = findMyWay({ ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: 4096 });
  const items = new Map<string, Map<string, ContractOperation>>();
  for (const operation of operations) {
    const path = operation.path.replaceAll(/\{([^}]+)\}/g, ':$1');
    const item = items.get(path) ?? new Map<string, ContractOperation>();
    if (!items.has(path)) tree.on('GET', path, () => undefined, item);
    items.set(path, item.set(operation.method.toUpperCase(), operation));
  }

  /** Errors: HttpError 404, or 405 with `Allow` when another method is there. */
  return (method: string, path: string): Match => {
    const found = tree.find('GET', path);
    if (!found) throw new HttpError(404, 'not_found', 'There is nothing at this address.');
    const item = found.store as Map<string, ContractOperation>;
    // HEAD is GET without the body; Node leaves the body out.
    const operation = item.get(method === 'HEAD' ? 'GET' : method);
    if (operation) return { operation, pathParams: found.params as Record<string, string> };
    const others = methods.map((each) => each.toUpperCase()).filter((each) => item.has(each));
    throw new HttpError(405, 'method_not_allowed', `This address takes ${others.join(', ')}.`, {
      Allow: others.join(', '),
    });
  };
};
