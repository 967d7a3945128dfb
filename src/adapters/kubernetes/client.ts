/**
 * Calls to one cluster: each with its own time-out and the caller's signal, errors
 * as ProviderError. Manifests are objects of the client's own types: its serializer
 * drops what those do not name, and a NetworkPolicy without its `from` is open to all.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createConfiguration,
  HttpMethod,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  type RequestContext,
  type ResponseContext,
  ServerConfiguration,
  type V1DeleteOptions,
  type V1ObjectMeta,
} from '@kubernetes/client-node';
import { ProviderError } from '../../kit/errors.ts';
import { type Connection, ConnectionError, type ConnectionOptions, openConnection } from './connection.ts';
import { failureOf, MissingRight, refusalOf } from './failures.ts';

const pageSize = 250;
/** The owner of the fields that we set. */
const fieldManager = 'provisor';

/** An object by its kind and name. */
export interface Ref {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
}

/** An object as it is in the cluster. */
export type Stored = KubernetesObject & { metadata: V1ObjectMeta };

type Manifest = KubernetesObject & { metadata?: V1ObjectMeta };

const describe = ({ kind, name, namespace }: Ref): string => `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
const refOf = ({ apiVersion = '', kind = '', metadata }: Manifest): Ref => ({
  apiVersion,
  kind,
  name: metadata?.name ?? '',
  ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
});
const placeOf = ({ namespace }: Ref) => (namespace === undefined ? {} : { namespace });
const headerOf = ({ apiVersion, kind, name, namespace }: Ref) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

/** Told of every request, for measuring; what it throws, the request meets. */
export interface Watcher {
  sending?: (method: string, url: string) => void;
  answered?: (method: string, url: string) => void;
}

export interface ClientOptions extends ConnectionOptions {
  /** `compute/kubernetes`: the name in errors. */
  provider: string;
  watcher?: Watcher | undefined;
  /** How long one call may take. @default 10 seconds */
  callMs?: number;
}

export const createClient = ({ provider, watcher, callMs = 10_000, ...options }: ClientOptions) => {
  const limit = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(callMs)]);
  const requests = new AsyncLocalStorage<{ signal: AbortSignal; method: string; url: string }>();
  let opened:
    | { connection: Connection; api: KubernetesObjectApi; isReady(signal: AbortSignal): Promise<boolean> }
    | undefined;

  // At the first call: a cluster that cannot be found is no reason not to start.
  const open = () => {
    if (opened) return opened;
    const connection = openConnection(options);
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(connection.getCurrentCluster()?.server.replace(/\/$/, '') ?? '', {}),
      authMethods: { default: connection },
      promiseMiddleware: [
        {
          pre: async (context: RequestContext) => {
            const request = requests.getStore();
            if (!request) return context;
            context.setSignal(request.signal);
            request.method = context.getHttpMethod();
            request.url = context.getUrl();
            watcher?.sending?.(request.method, request.url);
            return context;
          },
          post: async (context: ResponseContext) => {
            const { method = '', url = '' } = requests.getStore() ?? {};
            watcher?.answered?.(method, url);
            return context;
          },
        },
      ],
    });
    const isReady = async (signal: AbortSignal): Promise<boolean> => {
      const context = configuration.baseServer.makeRequestContext('/readyz', HttpMethod.GET);
      context.setSignal(signal);
      await connection.applySecurityAuthentication(context);
      const { httpStatusCode, body } = await configuration.httpApi.send(context).toPromise();
      await body.text();
      return httpStatusCode === 200;
    };
    opened = { connection, api: new KubernetesObjectApi(configuration), isReady };
    return opened;
  };

  const send = async <T>(
    signal: AbortSignal,
    what: string,
    changes: boolean,
    work: (api: KubernetesObjectApi) => Promise<T>,
  ): Promise<T> => {
    if (signal.aborted) throw new ProviderError(provider, 'unavailable', `Given up before it began: ${what}`);
    try {
      const { api } = open();
      const limited = limit(signal);
      return await requests.run({ signal: limited, method: '', url: '' }, () => work(api));
    } catch (error) {
      if (error instanceof ConnectionError) throw new ProviderError(provider, 'auth', error.message, { cause: error });
      throw failureOf(error, what, provider, changes);
    }
  };

  /**
   * A right that is missing may be none that was never given. An API server that is
   * starting refuses everything until it has read who may do what, and our rights in a
   * namespace go with it. Errors: `unavailable`; `not_found`, `rate_limited`; or the refusal itself.
   */
  const call = async <T>(
    signal: AbortSignal,
    what: string,
    { changes, namespace }: { changes: boolean; namespace?: string | undefined },
    work: (api: KubernetesObjectApi) => Promise<T>,
  ): Promise<T> => {
    try {
      return await send(signal, what, changes, work);
    } catch (error) {
      if (!(error instanceof MissingRight)) throw error;
      const isReady = await open()
        .isReady(limit(signal))
        .catch(() => false);
      if (!isReady) throw new ProviderError(provider, 'unavailable', `${error.message}; the API server is not ready`);
      if (namespace === undefined) return send(signal, what, changes, work);
      const ref = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
      const place = await find<Stored>(ref, signal).catch(() => undefined);
      if (place === null) throw new ProviderError(provider, 'not_found', `${what}: the namespace is gone`);
      if (place?.metadata.deletionTimestamp !== undefined)
        throw new ProviderError(provider, 'rate_limited', `${what}: the namespace is being deleted`);
      // It may have become ready in between.
      return send(signal, what, changes, work);
    }
  };

  const isGone = (error: unknown): boolean => error instanceof ProviderError && error.kind === 'not_found';

  const find = async <T extends Stored>(ref: Ref, signal: AbortSignal): Promise<T | null> => {
    try {
      return (await call(signal, `read ${describe(ref)}`, { changes: false, ...placeOf(ref) }, (api) =>
        api.read(headerOf(ref)),
      )) as unknown as T;
    } catch (error) {
      if (isGone(error) || isUnknownKind(error)) return null;
      throw error;
    }
  };

  return {
    /** Null when it is not there, or its kind is not known to this cluster. */
    find,

    /** Every object of a kind, in pages. An unknown kind has none. */
    list: async <T extends Stored>(
      { apiVersion, kind, namespace }: Omit<Ref, 'name'>,
      labels: string,
      signal: AbortSignal,
    ): Promise<T[]> => {
      const all: T[] = [];
      let next: string | undefined;
      do {
        try {
          const page = await call(signal, `list ${kind}`, { changes: false, namespace }, (api) =>
            api.list(apiVersion, kind, namespace, undefined, undefined, undefined, undefined, labels, pageSize, next),
          );
          all.push(...(page.items as unknown as T[]));
          next = page.metadata?._continue || undefined;
        } catch (error) {
          if (isGone(error) || isUnknownKind(error)) return all;
          throw error;
        }
      } while (next);
      return all;
    },

    /** Makes it; null when an object of that name is there already. */
    create: async <T extends Stored>(manifest: Manifest, signal: AbortSignal): Promise<T | null> => {
      const ref = refOf(manifest);
      return call(signal, `create ${describe(ref)}`, { changes: true, ...placeOf(ref) }, async (api) => {
        try {
          return (await api.create(manifest, undefined, undefined, fieldManager)) as unknown as T;
        } catch (error) {
          if (refusalOf(error)?.reason === 'AlreadyExists') return null;
          throw error;
        }
      });
    },

    /** Server-side apply: our fields become as wished, and what we no longer name is taken away. Repeating it changes nothing. */
    apply: async <T extends Stored>(manifest: Manifest, signal: AbortSignal): Promise<T> => {
      const ref = refOf(manifest);
      return call(signal, `apply ${describe(ref)}`, { changes: true, ...placeOf(ref) }, (api) =>
        api.patch(manifest, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply),
      ) as unknown as Promise<T>;
    },

    /** Deletes the very object that was seen, not one of the same name that was made since. Missing is a success. */
    remove: async (
      ref: Ref & { uid?: string | undefined },
      signal: AbortSignal,
      { graceSeconds }: { graceSeconds?: number } = {},
    ): Promise<void> => {
      // All in the body: beside one, the server passes over what is in the query, and a Job would leave its pods.
      const body: V1DeleteOptions = {
        propagationPolicy: 'Background',
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
        ...(ref.uid === undefined ? {} : { preconditions: { uid: ref.uid } }),
      };
      try {
        await call(signal, `delete ${describe(ref)}`, { changes: true, ...placeOf(ref) }, (api) =>
          api.delete(headerOf(ref), undefined, undefined, undefined, undefined, undefined, body),
        );
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },

    /** Ends the connections. */
    close: async (): Promise<void> => {
      const closing = opened?.connection;
      opened = undefined;
      await closing?.close();
    },
  };
};

export type Client = ReturnType<typeof createClient>;

/** The client itself looks a kind up and throws a plain error when the cluster does not have it. */
const isUnknownKind = (error: unknown): boolean =>
  error instanceof ProviderError &&
  error.cause instanceof Error &&
  /Unrecognized API version and kind/.test(error.cause.message);
