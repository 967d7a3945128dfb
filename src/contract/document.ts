/** openapi.yaml as an object, and what the rest of the program asks of it. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

export const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;
export type Method = (typeof methods)[number];

export interface ContractOperation {
  operationId: string;
  method: Method;
  /** As in the document: `/v1/sites/{service_id}`. */
  path: string;
  /** Whether a key is needed. */
  secured: boolean;
  /** The scope that the key must have; null when any key will do. */
  scope: string | null;
  takesBody: boolean;
  /** Bytes that a body may have, where that is not the usual. */
  bodyLimit: number | undefined;
  /** Answers of this operation may be stored under an `Idempotency-Key`. Not those that hold a secret. */
  takesIdempotencyKey: boolean;
  /** The status that tells this operation's callers of a suspended service; null for the usual one. */
  suspendedStatus: number | null;
  /** It is answered however often it is asked: the probes, so that a flood takes no replica out of service. */
  unlimited: boolean;
}

export interface OpenApiDocument {
  openapi: string;
  info: { version: string; title: string };
  security?: unknown[];
  paths: Record<string, Record<string, unknown>>;
  components?: Record<string, unknown>;
}

interface RawOperation {
  operationId?: string;
  security?: unknown[];
  requestBody?: unknown;
  parameters?: { $ref?: string }[];
  'x-scope'?: string;
  'x-suspended-status'?: number;
  'x-secret-answer'?: boolean;
  'x-body-limit'?: number;
  'x-unlimited'?: boolean;
}

/** Reads the contract. Errors: what the YAML parser finds. */
export const readDocument = (file: URL = new URL('../../openapi.yaml', import.meta.url)): OpenApiDocument =>
  load(readFileSync(file, 'utf8')) as OpenApiDocument;

/** Every operation of the document. Throws for one without an operationId, or for two with the same. */
export const operationsOf = (document: OpenApiDocument): ContractOperation[] => {
  const found = new Map<string, ContractOperation>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const raw = item[method] as RawOperation | undefined;
      if (!raw) continue;
      const { operationId } = raw;
      if (!operationId) throw new Error(`openapi.yaml: ${method.toUpperCase()} ${path} has no operationId`);
      if (found.has(operationId)) throw new Error(`openapi.yaml: two operations are called ${operationId}`);
      found.set(operationId, {
        operationId,
        method,
        path,
        secured: (raw.security ?? document.security ?? []).length > 0,
        scope: raw['x-scope'] ?? null,
        takesBody: raw.requestBody !== undefined,
        bodyLimit: raw['x-body-limit'],
        takesIdempotencyKey: method === 'post' && raw['x-secret-answer'] !== true,
        suspendedStatus: raw['x-suspended-status'] ?? null,
        unlimited: raw['x-unlimited'] === true,
      });
    }
  }
  return [...found.values()];
};
