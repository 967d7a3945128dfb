import type { z } from 'zod';
import { ProviderError, type ProviderErrorKind } from '../../../kit/errors.ts';
import { givenUp, refuseGivenUp } from '../../../kit/provider-call.ts';
import { createHttpClient, kindOfStatus, oddAnswer, readJson } from '../http-client.ts';
import { envelope, session } from './schema.ts';

/**
 * The remote API of ISPConfig 3 over JSON: `POST /remote/json.php?<method>`. Every
 * answer is an HTTP 200; a session lasts half an hour and is not renewed by use.
 */

export const provider = 'dns/ispconfig';

export interface IspConfigOptions {
  /** Of the panel, without `/remote/json.php`. */
  url: string;
  user: string;
  password: string;
  serverId: number;
}

const faults: [RegExp, ProviderErrorKind][] = [
  [/login failed|password wrong|login is locked|too many|not allowed from/i, 'auth'],
  [/do not have the permissions/i, 'auth'],
];
const expired = /session is expired or does not exist/i;

/** Said of a call that was not carried out, for the session it came with has ended. */
class SessionExpired extends Error {}

export const createIspConfigClient = ({ url, user, password }: IspConfigOptions) => {
  const send = createHttpClient(provider, `${url.replace(/\/+$/, '')}/remote/json.php`);

  const refuse = (message: string): never => {
    const kind = faults.find(([pattern]) => pattern.test(message))?.[1] ?? 'invalid';
    throw new ProviderError(provider, kind, `ISPConfig refused: ${message.slice(0, 300)}`);
  };

  const callOnce = async <Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    body: object,
    changes: boolean,
    signal: AbortSignal,
  ): Promise<z.infer<Schema>> => {
    const reply = await send({ method: 'POST', path: `?${method}`, body, changes }, signal);
    if (reply.status !== 200) {
      throw new ProviderError(provider, kindOfStatus(reply.status, changes), `Status ${reply.status}`, {
        ...(reply.retryAfter === undefined ? {} : { after: reply.retryAfter }),
      });
    }
    const { code, message, response } = readJson(provider, envelope, reply.text, changes);
    if (code !== 'ok') {
      if (expired.test(message ?? '')) throw new SessionExpired();
      refuse(message || code);
    }
    const parsed = schema.safeParse(response);
    if (!parsed.success) throw oddAnswer(provider, changes);
    return parsed.data;
  };

  let current: Promise<string> | undefined;

  /** The session that all calls share. Only one login is under way at a time, and it belongs to none of those who wait for it. */
  const sessionId = (): Promise<string> => {
    current ??= callOnce(session, 'login', { username: user, password }, false, new AbortController().signal);
    const login = current;
    login.catch(() => {
      if (current === login) current = undefined;
    });
    return login;
  };

  const untilAborted = async <Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> => {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(givenUp(provider));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };

  /** One call within a session. A session that has ended is replaced once. */
  return async <Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    params: object,
    changes: boolean,
    signal: AbortSignal,
  ): Promise<z.infer<Schema>> => {
    for (let attempt = 1; ; attempt++) {
      refuseGivenUp(provider, signal);
      const login = sessionId();
      const session_id = await untilAborted(login, signal);
      try {
        return await callOnce(schema, method, { session_id, ...params }, changes, signal);
      } catch (error) {
        if (!(error instanceof SessionExpired)) throw error;
        if (current === login) current = undefined;
        if (attempt === 2) throw new ProviderError(provider, 'unavailable', 'ISPConfig forgets its sessions at once');
      }
    }
  };
};

export type IspConfigCall = ReturnType<typeof createIspConfigClient>;
