/**
 * Whether a domain may become a customer's zone: delegated to our nameservers, and,
 * where that is asked for, shown to be the customer's by a text of ours. Delegation
 * alone proves little: a domain may point at nameservers that many share, and
 * whoever claims it first would have it.
 */
import { createHmac } from 'node:crypto';
import { AppError } from '../../kit/errors.ts';
import { NoAnswer } from './delegation.ts';
import type { ZoneDeps } from './zone-deps.ts';
import * as store from './zone-store.ts';

/** For the whole walk from the root, and for the challenge. */
const patienceMs = 10_000;
/** Of the texts that are there instead. */
const mostShown = 5;
/** A text that was seen counts so long: it is gone from sight once the domain points at us. */
const proofMs = 30 * 86_400_000;

export interface Claim {
  panelId: string;
  customerId: string | null;
  /** Of the zone, without the trailing dot. */
  name: string;
}

const unanswered = (name: string, cause: unknown) =>
  new AppError(
    'unavailable',
    'delegation_unknown',
    `The nameservers above ${name} do not answer at the moment, so its delegation could not be checked. Try again soon.`,
    { retryAfter: 30, cause },
  );

const listed = (hosts: readonly string[]): string => hosts.map((host) => host.slice(0, -1)).join(' and ');

export const createOwnershipCheck = ({
  db,
  delegation,
  settings,
}: Pick<ZoneDeps, 'db' | 'delegation' | 'settings'>) => {
  /** The same for every try of one customer for one domain, and nobody else can tell it. */
  const challengeOf = ({ panelId, customerId, name }: Claim) => ({
    name: `_provisor-challenge.${name}`,
    value: createHmac('sha256', settings.challengeKey)
      .update(JSON.stringify(['zone challenge', panelId, customerId, name]))
      .digest('hex')
      .slice(0, 40),
  });

  const answered = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NoAnswer) throw unanswered(name, error);
      throw error;
    }
  };

  const checkChallenge = async (claim: Claim, signal: AbortSignal): Promise<void> => {
    const { panelId, customerId, name } = claim;
    const seenAt = await store.findProof(db.knex, panelId, customerId, name);
    if (seenAt !== null && seenAt > (await db.now()) - proofMs) return;
    const challenge = challengeOf(claim);
    const texts = await answered(name, () => delegation.textsAt(challenge.name, signal));
    if (!texts.includes(challenge.value)) {
      throw new AppError(
        'conflict',
        'challenge_missing',
        `To show that ${name} is yours, publish a TXT record ${challenge.name} with the text ${challenge.value}, then try again.`,
        { retryable: true, details: { challenge, found: texts.slice(0, mostShown).map((text) => text.slice(0, 200)) } },
      );
    }
    await db.transaction(async (tx) => store.keepProof(tx, panelId, customerId, name, await db.now(tx)));
  };

  const checkDelegation = async ({ name }: Claim, signal: AbortSignal): Promise<void> => {
    const found = await answered(name, () => delegation.nameserversOf(`${name}.`, signal));
    const strange = found.filter((host) => !settings.nameservers.includes(host));
    if (found.length > 0 && strange.length === 0) return;
    const wrong = found.length === 0 ? 'it has none, or is not registered' : `it has ${listed(found)}`;
    throw new AppError(
      'conflict',
      'not_delegated',
      `The domain ${name} must have the nameservers ${listed(settings.nameservers)}, and no others; ${wrong}. Set them where it is registered, then try again.`,
      { retryable: true, details: { wanted: settings.nameservers.map((host) => host.slice(0, -1)), found } },
    );
  };

  /** Errors: `challenge_missing`, `not_delegated` (409), `delegation_unknown` (503). Ten seconds at most. */
  return async (claim: Claim, signal: AbortSignal): Promise<void> => {
    const over = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    // The challenge first: it has to be seen where the domain is now, before it is moved here.
    if (settings.requiresChallenge) await checkChallenge(claim, over);
    if (settings.requiresDelegation) await checkDelegation(claim, over);
  };
};
