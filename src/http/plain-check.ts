/**
 * The short way for requests that bring nothing but their path and plain words
 * in their query: no body and no header that the contract speaks of, nothing
 * encoded, nothing twice. All of the validator's preparations for the rest would
 * cost more than everything else that such a request does here. It only ever
 * says that a request is good; what it does not take goes the whole way, which
 * finds the words for what is wrong.
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

interface PlainOperation {
  /** Of `path` and `query`. Puts in what a query leaves out and has a default. */
  fits: ValidateFunction;
  /** Of which type the parameters of the query are. Null where one of them is more than a word or a whole number. */
  types: Map<string, 'string' | 'integer'> | null;
  /** Names of headers and whether cookies are spoken of: with one of them, a request is not plain. */
  headers: string[];
}

const typesOf = (document: OpenApiDocument, inQuery: Parameter[]): PlainOperation['types'] => {
  const types = new Map<string, 'string' | 'integer'>();
  for (const parameter of inQuery) {
    const { type, format } = resolve(document, parameter.schema ?? {});
    if ((type !== 'string' && type !== 'integer') || format !== undefined) return null;
    types.set(parameter.name, type);
  }
  return types;
};

const plainPair = /^([\w.-]+)=([\w.~-]+)$/;
const plainInteger = /^(?:0|[1-9]\d{0,14})$/;

/** What a query says, in the types of the contract. Null when that takes more than a look. */
const readQuery = (
  text: string,
  types: ReadonlyMap<string, 'string' | 'integer'>,
): Record<string, string | number> | null => {
  const query: Record<string, string | number> = Object.create(null);
  for (const pair of text.split('&')) {
    const [, name = '', value = ''] = plainPair.exec(pair) ?? [];
    const type = types.get(name);
    if (type === undefined || name in query || (type === 'integer' && !plainInteger.test(value))) return null;
    query[name] = type === 'integer' ? Number(value) : value;
  }
  return query;
};

/** A request that was found good, and what its query says where it has one. */
export interface Plain {
  query: Record<string, string | number> | undefined;
}

export const createPlainCheck = (document: OpenApiDocument, operations: ContractOperation[]) => {
  const ajv = new Ajv({ strict: false, useDefaults: true, validateFormats: false });
  const known = new Map<string, PlainOperation>();
  // Most paths have the same parameters, and a check that many use is one that the machine has compiled.
  const compiled = new Map<string, ValidateFunction>();
  const ofPlace = (parameters: Parameter[]) => ({
    required: parameters.filter(({ in: place, required }) => place === 'path' || required).map(({ name }) => name),
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema ?? {}])),
  });
  const checkOf = (inPath: Parameter[], inQuery: Parameter[]): ValidateFunction => {
    const schema = { properties: { path: ofPlace(inPath), query: ofPlace(inQuery) } };
    const text = JSON.stringify(schema);
    const check = compiled.get(text) ?? ajv.compile({ components: document.components, ...schema });
    compiled.set(text, check);
    return check;
  };
  for (const operation of operations) {
    const parameters = parametersOf(document, operation);
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const inQuery = parameters.filter((parameter) => parameter.in === 'query');
    const elsewhere = parameters.filter(({ in: place }) => place === 'header' || place === 'cookie');
    // What the path has is checked as the text that it is.
    const isText = inPath.every(({ schema }) => {
      const { type, format } = resolve(document, schema ?? {});
      return type === 'string' && format === undefined;
    });
    if (operation.takesBody || !isText || elsewhere.some(({ required }) => required)) continue;
    known.set(operation.operationId, {
      fits: checkOf(inPath, inQuery),
      types: typesOf(document, inQuery),
      headers: elsewhere.map(({ in: place, name }) => (place === 'header' ? name.toLowerCase() : 'cookie')),
    });
  }

  /** The request, when it is plain and as the contract wants it; else null. */
  return (
    { operation, pathParams }: Match,
    { url, headers }: { url: string; headers: IncomingHttpHeaders },
  ): Plain | null => {
    const plain = known.get(operation.operationId);
    if (!plain?.headers.every((name) => headers[name] === undefined)) return null;
    // No client sends a fragment, and one may hold a question mark.
    if (url.includes('#')) return null;
    const at = url.indexOf('?');
    if (at < 0) return plain.fits({ path: pathParams, query: {} }) ? { query: undefined } : null;
    const query = plain.types && readQuery(url.slice(at + 1), plain.types);
    return query && plain.fits({ path: pathParams, query }) ? { query } : null;
  };
};
