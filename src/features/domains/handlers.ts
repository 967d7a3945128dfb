import type { Handlers, Input, OperationId, Schema } from '../../contract/handler.ts';
import { isAtRest } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { refuseFailed } from '../operations/end-of.ts';
import { watchHeaders } from '../operations/operation-view.ts';
import type { SiteRef } from '../sites/site.ts';
import type { CertificateNames } from './certificate-names.ts';
import { domainView } from './domain-view.ts';
import type { Domains, ShownDomain } from './domains.ts';

type Ids = 'listDomains' | 'addDomain' | 'getDomain' | 'deleteDomain' | 'verifyDomain' | 'askCertificate';

const refOf = (path: { service_id: string }, says?: { customer_id?: string | undefined }): SiteRef => ({
  serviceId: path.service_id,
  customerId: says?.customer_id,
});

/** A look at the DNS and the operation after it share what the caller is willing to wait. */
const patience = ({ waitSeconds, signal }: Pick<Input<OperationId>, 'waitSeconds' | 'signal'>) =>
  AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * 1000)]);

export const domainHandlers = (domains: Domains, operations: Operations, certificates: CertificateNames) => {
  const view = (shown: ShownDomain): Schema<'Domain'> =>
    domainView(shown, {
      url: domains.urlOf(shown.domain.hostname),
      retryable: shown.operation !== null && operations.isRetryable(shown.operation),
    });

  /** The domain once what was begun has ended, if that comes before `over`. */
  const settled = async (shown: ShownDomain, waitSeconds: number, over: AbortSignal): Promise<ShownDomain> => {
    const { operation } = shown;
    if (!operation || isAtRest(operation.state) || waitSeconds === 0) return shown;
    return domains.after(shown, (await operations.waitForRest(operation.id, waitSeconds * 1000, over)) ?? operation);
  };

  /** Where to look how it goes on: at the operation while there is one, else at the domain, when it was looked at next. */
  const accepted = (shown: ShownDomain) => {
    const { site, domain, operation } = shown;
    const headers =
      operation && !isAtRest(operation.state)
        ? watchHeaders(operation)
        : {
            Location: `/v1/sites/${site.key.serviceId}/domains/${encodeURIComponent(domain.hostname)}`,
            'Retry-After': '15',
          };
    return { status: 202, headers, body: view(shown) } as const;
  };

  return {
    listDomains: async ({ caller, path, query }) => {
      const { domains: all, quota } = await domains.list(caller, refOf(path, query));
      return { status: 200, body: { data: all.map(view), quota } };
    },
    addDomain: async (input) => {
      const { caller, path, body, waitSeconds } = input;
      const over = patience(input);
      const looking = waitSeconds > 0 ? { signal: over } : undefined;
      const added = await domains.add(caller, refOf(path, body), body.hostname, looking);
      const shown = await settled(added, waitSeconds, over);
      if (shown.domain.state !== 'active') return accepted(shown);
      // Without an operation it was there before.
      return { status: shown.operation ? 201 : 200, body: view(shown) };
    },
    getDomain: async ({ caller, path, query }) => ({
      status: 200,
      body: view(await domains.get(caller, refOf(path, query), path.hostname)),
    }),
    deleteDomain: async (input) => {
      const { caller, path, query, waitSeconds } = input;
      const removed = await domains.remove(caller, refOf(path, query), path.hostname);
      const shown = await settled(removed, waitSeconds, patience(input));
      if (shown.operation && waitSeconds > 0) refuseFailed(operations, shown.operation);
      return shown.domain.state === 'removed' ? { status: 200, body: view(shown) } : accepted(shown);
    },
    verifyDomain: async (input) => {
      const { caller, path, body, signal, waitSeconds } = input;
      const verified = await domains.verify(caller, refOf(path, body), path.hostname, { signal });
      const shown = await settled(verified, waitSeconds, patience(input));
      return shown.domain.state === 'issuing' ? accepted(shown) : { status: 200, body: view(shown) };
    },
    askCertificate: async ({ query }) => ({
      status: 200,
      body: { hostname: await certificates.require(query.domain), certificate: true },
    }),
  } satisfies Handlers<Ids>;
};
