/** What an API server's refusal means, in the terms of the engine. */
import { ApiException } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProviderError } from '../../kit/errors.ts';
import { neverConnected } from '../../kit/provider-call.ts';
import { CredentialError } from './connection.ts';

const statusSchema = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z
    .object({
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.object({ reason: z.string().optional() })).optional(),
    })
    .optional(),
});

export interface Refusal {
  code: number;
  reason: string;
  message: string;
  causes: string[];
  retryAfter: number | undefined;
}

/** What the server said of an answer that is not a success; null for anything else that is thrown. */
export const refusalOf = (error: unknown): Refusal | null => {
  if (!(error instanceof ApiException)) return null;
  let body: unknown = error.body;
  try {
    // The body of an exception is text.
    if (typeof body === 'string') body = JSON.parse(body);
  } catch {
    body = undefined;
  }
  const { data } = statusSchema.safeParse(body);
  return {
    code: error.code,
    reason: data?.reason ?? '',
    message: data?.message ?? '',
    causes: data?.details?.causes?.flatMap(({ reason }) => reason ?? []) ?? [],
    retryAfter: data?.details?.retryAfterSeconds,
  };
};

/** The server knows us, and says that we have no right to this. */
export class MissingRight extends ProviderError {}

/** `secrets is forbidden: User "…" cannot create resource "secrets" in API group "" in the namespace "…"` */
const forbidden =
  /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: (in the namespace "[^"]+"|at the cluster scope))?/;

const refusedBecause = (refusal: Refusal, what: string, provider: string, changes: boolean) => {
  const { code, message, causes, retryAfter } = refusal;
  const fail = (kind: ConstructorParameters<typeof ProviderError>[1], text: string) =>
    new ProviderError(provider, kind, text, retryAfter === undefined ? {} : { after: retryAfter });
  if (code === 401) return fail('auth', `The cluster does not know our token or certificate (${what})`);
  if (code === 403) {
    const missing = forbidden.exec(message);
    if (causes.includes('NamespaceTerminating')) return fail('rate_limited', `${what}: the namespace is being deleted`);
    if (!missing) return fail('invalid', `The cluster refuses: ${what}: ${message}`);
    const [, verb, resource, group, where = ''] = missing;
    const text = `Our service account may not ${verb} ${resource}${group ? `.${group}` : ''} ${where}`.trim();
    return new MissingRight(provider, 'auth', text);
  }
  if (code === 404) return fail('not_found', `${what}: ${message || 'it is not there'}`);
  // A page of a list whose state is too old by now: the next try begins at the first one.
  if (code === 410) return fail('rate_limited', `${what}: ${message || 'it took too long'}`);
  if (code === 409) return fail('rate_limited', `${what}: ${message || 'it is changing'}`);
  if (code === 429) return fail('rate_limited', `The cluster asks us to slow down (${what})`);
  if (code === 504) return fail('unknown_outcome', `The cluster did not answer in time (${what})`);
  // An error inside of the cluster may have come after the change.
  if (code >= 500)
    return fail(
      changes && code !== 503 ? 'unknown_outcome' : 'unavailable',
      `The cluster answers ${code}: ${what}: ${message}`,
    );
  return fail('invalid', `The cluster refuses: ${what}: ${message}`);
};

/** Codes of a connection that never was: nothing was sent. */
const neverSent = new Set([...neverConnected, 'UND_ERR_CONNECT_TIMEOUT']);

const codesOf = (error: unknown): string[] => {
  const codes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') codes.push(code);
  }
  return codes;
};

const isTls = (code: string) => /^(ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/.test(code);

/** Any error of a call, as the only one that an adapter throws. `changes`: whether the call was to change something. */
export const failureOf = (error: unknown, what: string, provider: string, changes: boolean): ProviderError => {
  if (error instanceof ProviderError) return error;
  const refusal = refusalOf(error);
  if (refusal) return refusedBecause(refusal, what, provider, changes);
  if (error instanceof CredentialError)
    return new ProviderError(provider, 'unavailable', `Nothing could be sent (${what}): ${error.message}`);
  const codes = codesOf(error);
  const options = { cause: error };
  if (codes.some(isTls))
    return new ProviderError(provider, 'auth', `The cluster's certificate cannot be trusted: ${codes.at(-1)}`, options);
  if (!changes || codes.some((code) => neverSent.has(code)))
    return new ProviderError(provider, 'unavailable', `The cluster does not answer (${what})`, options);
  return new ProviderError(provider, 'unknown_outcome', `No answer from the cluster (${what})`, options);
};
