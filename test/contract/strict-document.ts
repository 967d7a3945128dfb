/**
 * The contract as it is tested: openapi.yaml says `default` for every refusal, here each operation gets the statuses
 * that it may refuse with, each with the codes that belong to it. What is answered beyond that is undocumented.
 */
import { type ContractOperation, type OpenApiDocument, operationsOf } from '../../src/contract/document.ts';

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, which this file takes apart
type Node = any;

/** Statuses that an operation may refuse with, from what it says of itself. */
const refusalsOf = (operation: ContractOperation, raw: Node): number[] => {
  const anyone = [400, 429, 503];
  const what = operation.path.includes('{') || raw.requestBody !== undefined || raw.parameters !== undefined;
  if (!operation.secured) return what ? [...anyone, 404] : anyone;
  const whoAsks = operation.scope === null ? [401] : [401, 403];
  return [
    ...anyone,
    ...whoAsks,
    ...(what ? [404, 409] : []),
    ...(operation.takesBody ? [413, 415] : []),
    ...(operation.takesIdempotencyKey ? [422] : []),
  ];
};

/** The codes of each status, by `x-statuses` of the contract. Throws when a code is on one side only. */
export const codesByStatus = (document: OpenApiDocument): Map<number, string[]> => {
  const { enum: codes, 'x-statuses': statuses } = (document.components as Node).schemas.ErrorCode as {
    enum: string[];
    'x-statuses': Record<string, string[]>;
  };
  const listed = Object.values(statuses).flat();
  const odd = [...codes.filter((code) => !listed.includes(code)), ...listed.filter((code) => !codes.includes(code))];
  if (odd.length > 0) throw new Error(`openapi.yaml: enum and x-statuses of ErrorCode differ in ${odd.join(', ')}`);
  return new Map(Object.entries(statuses).map(([status, list]) => [Number(status), list]));
};

export const strictDocument = (document: OpenApiDocument): OpenApiDocument => {
  const strict = structuredClone(document) as Node;
  const codes = codesByStatus(document);
  const { schemas, responses } = strict.components;
  for (const [status, list] of codes) {
    const name = `Problem${status}`;
    schemas[name] = structuredClone(schemas.Problem);
    schemas[name].properties.code = { type: 'string', enum: list };
    const response = structuredClone(responses.Problem);
    response.content['application/json'].schema = { $ref: `#/components/schemas/${name}` };
    delete response.content['application/json'].example;
    // What a client has to wait for says for how long.
    if (status === 429 || status === 503)
      response.headers['Retry-After'] = { ...strict.components.headers.RetryAfter, required: true };
    responses[name] = response;
  }
  // The contract describes a stream of events as the text that it is; each event can be said more closely.
  const stream = (path: string, events: string[], contentSchema: object) => {
    const data = { type: 'string', contentMediaType: 'application/json', contentSchema };
    const schema = { type: 'object', required: ['event', 'data'], properties: { event: { enum: events }, data } };
    strict.paths[path].get.responses['200'].content['text/event-stream'] = { schema };
  };
  stream('/v1/operations/{operation_id}/events', ['progress', 'end'], { $ref: '#/components/schemas/Operation' });
  stream('/v1/operations/events', ['progress', 'end', 'current', 'bye'], { type: 'object' });
  for (const operation of operationsOf(document)) {
    const raw = strict.paths[operation.path][operation.method];
    delete raw.responses.default;
    for (const status of refusalsOf(operation, { ...strict.paths[operation.path], ...raw })) {
      raw.responses[status] ??= { $ref: `#/components/responses/Problem${status}` };
    }
  }
  return strict;
};
