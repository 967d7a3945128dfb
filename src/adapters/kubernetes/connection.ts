/**
 * The way to one cluster, for every adapter that speaks to it. Which cluster is
 * said, never guessed: the client's own default falls back to a port of this
 * machine without a word.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig, type RequestContext } from '@kubernetes/client-node';
import { Agent } from 'undici';

export interface ConnectionOptions {
  /** `in-cluster`, or the path of a kubeconfig. */
  config: string;
  /** Of the kubeconfig. @default its current one */
  context?: string | undefined;
  /** What stands before the paths that a pod has its token and its authority at. @default nothing */
  podRoot?: string | undefined;
}

/** Of one answer. A page of 250 objects is far below. */
const mostBytes = 64 * 1024 * 1024;

/** What is wrong with the way to the cluster, in a sentence that says what to change. */
export class ConnectionError extends Error {}

/** What a request needs before it can be sent is not to be had now: a token's file, a certificate's, an answer of a credential plugin. */
export class CredentialError extends Error {}

/**
 * A KubeConfig whose requests share connections: the one it comes from makes a new
 * agent, and with it a TLS handshake, for each request. A certificate or an
 * authority that was exchanged gets new connections, a token is read anew each time.
 */
class PooledKubeConfig extends KubeConfig {
  private pool: { key: string; agent: Agent } | undefined;
  private tokenFile: string | undefined;

  /** As a pod knows its cluster. Its token's file is ours to read: the client itself keeps what it read for a minute. */
  loadFromPod(root = ''): void {
    this.loadFromCluster(root);
    this.tokenFile = this.getCurrentUser()?.authProvider?.config.tokenFile;
    this.users = this.users.map(({ name }) => ({ name }));
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const options: RequestOptions = {};
    try {
      // Reads certificates from their files and runs credential plugins, as often as each needs it.
      await this.applyToHTTPSOptions(options);
      if (this.tokenFile !== undefined)
        context.setHeaderParam('Authorization', `Bearer ${(await readFile(this.tokenFile, 'utf8')).trim()}`);
    } catch (error) {
      throw new CredentialError((error as Error).message, { cause: error });
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) context.setHeaderParam(name, String(value));
    if (options.auth) context.setHeaderParam('Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
    context.setDispatcher(await this.agentFor(options));
  }

  private async agentFor({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }: RequestOptions) {
    const connect = this.createDispatcherOptions(this.getCurrentCluster(), {
      ca,
      cert,
      key,
      pfx,
      passphrase,
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(servername === undefined ? {} : { servername }),
    });
    if (connect.type === 'proxy' || connect.type === 'socks')
      throw new ConnectionError('A cluster behind a proxy-url is not supported');
    const fingerprint = JSON.stringify([ca, cert, key, servername].map(String));
    if (this.pool?.key !== fingerprint) {
      const old = this.pool?.agent;
      const agent = new Agent({
        connections: 32,
        maxResponseSize: mostBytes,
        ...(connect.type === 'agent' ? { connect: connect.connect } : {}),
      });
      this.pool = { key: fingerprint, agent };
      void old?.close();
    }
    return this.pool.agent;
  }

  async close(): Promise<void> {
    const agent = this.pool?.agent;
    this.pool = undefined;
    await agent?.close();
  }
}

/** Errors: ConnectionError, when the kubeconfig or the context is not there or leads nowhere. */
export const openConnection = ({ config, context, podRoot }: ConnectionOptions): PooledKubeConfig => {
  const connection = new PooledKubeConfig();
  try {
    if (config === 'in-cluster') connection.loadFromPod(podRoot);
    else connection.loadFromFile(config);
  } catch (error) {
    throw new ConnectionError(`PROVISOR_KUBERNETES_CONFIG cannot be used: ${(error as Error).message.split('\n')[0]}`, {
      cause: error,
    });
  }
  if (context !== undefined) {
    if (!connection.getContextObject(context))
      throw new ConnectionError(`PROVISOR_KUBERNETES_CONTEXT: the kubeconfig has no context ${context}`);
    connection.setCurrentContext(context);
  }
  const server = connection.getCurrentCluster()?.server ?? '';
  // What the client makes of an environment that is no pod's.
  if (config === 'in-cluster' && server.includes('undefined'))
    throw new ConnectionError(
      'PROVISOR_KUBERNETES_CONFIG is in-cluster, and this process is not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    );
  if (!URL.canParse(server)) throw new ConnectionError('PROVISOR_KUBERNETES_CONFIG names no cluster');
  // The client refuses it at each call, and only with `insecure-skip-tls-verify` takes it.
  if (new URL(server).protocol !== 'https:' && !connection.getCurrentCluster()?.skipTLSVerify)
    throw new ConnectionError(
      `PROVISOR_KUBERNETES_CONFIG names a cluster without TLS, ${server}: our token would be readable on the way`,
    );
  return connection;
};

export type Connection = ReturnType<typeof openConnection>;
