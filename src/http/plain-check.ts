/**
 * The short way for requests that bring nothing but their path: no query, no
 * body and no header that the contract speaks of. Only the path's parameters
 * are left to check then, and all of the validator's preparations for the rest
 * would cost more than everything else that such a request does here. It only
 * ever says that a request is good; what it does not take goes the whole way,
 * which finds the words for what is wrong.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Ajv, type ValidateFunction } from 'ajv';
import type { ContractOperation, OpenApiDocument } from '../contract/document.ts';
import type { Match } from './router.ts';

interface Schema {
  $ref?: string;
  type?: unknown;
  format?: unknown;
  default?: unknown;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
}

const resolve = <T extends object>(document: OpenApiDocument, item: T): T => {
  if (!('$ref' in item)) return item;
  const steps = String(item.$ref).replace('#/', '').split('/');
  // biome-ignore lint/suspicious/noExplicitAny: a walk through JSON
  const found = steps.reduce((at: any, step) => at?.[step], document);
  if (!found) throw new Error(`openapi.yaml: ${item.$ref} is not there`);
  return resolve(document, found as T);
};

const parametersOf = (document: OpenApiDocument, { path, method }: ContractOperation): Parameter[] => {
  const item = document.paths[path] as Record<string, unknown>;
  const raw = [item, item[method]].flatMap((part) => (part as { parameters?: Parameter[] }).parameters ?? []);
  return raw.map((parameter) => resolve(document, parameter));
};

/** Whether leaving it out changes nothing, and where it is in the path, whether it is checked as the text that it is. */
const isPlain = (document: OpenApiDocument, parameter: Parameter): boolean => {
  const schema = resolve(document, parameter.schema ?? {});
  if (parameter.in === 'path') return schema.type === 'string' && schema.format === undefined;
  return parameter.required !== true && schema.default === undefined;
};

interface PlainOperation {
  path: ValidateFunction;
  /** Names of headers and whether cookies are spoken of: with one of them, a request is not plain. */
  headers: string[];
}

export const createPlainCheck = (document: OpenApiDocument, operations: ContractOperation[]) => {
  const ajv = new Ajv({ strict: false });
  const known = new Map<string, PlainOperation>();
  // Most paths have the same parameters, and a check that many use is one that the machine has compiled.
  const compiled = new Map<string, ValidateFunction>();
  const checkOf = (inPath: Parameter[]): ValidateFunction => {
    const schema = {
      required: inPath.map(({ name }) => name),
      properties: Object.fromEntries(inPath.map(({ name, schema: own }) => [name, own ?? {}])),
    };
    const text = JSON.stringify(schema);
    const check = compiled.get(text) ?? ajv.compile({ components: document.components, ...schema });
    compiled.set(text, check);
    return check;
  };
  for (const operation of operations) {
    const parameters = parametersOf(document, operation);
    if (operation.takesBody || !parameters.every((parameter) => isPlain(document, parameter))) continue;
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    known.set(operation.operationId, {
      path: checkOf(inPath),
      headers: parameters.flatMap(({ in: place, name }) =>
        place === 'header' ? [name.toLowerCase()] : place === 'cookie' ? ['cookie'] : [],
      ),
    });
  }

  /** Whether the request is plain, and as the contract wants it. */
  return ({ operation, pathParams }: Match, request: { url: string; headers: IncomingHttpHeaders }): boolean => {
    const plain = known.get(operation.operationId);
    if (!plain || request.url.includes('?')) return false;
    return plain.headers.every((name) => request.headers[name] === undefined) && plain.path(pathParams);
  };
};
