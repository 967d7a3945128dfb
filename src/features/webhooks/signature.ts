/** Standard Webhooks: what is signed, with what, and how a secret looks. */
import { randomBytes } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import { seal, unseal } from '../../kit/seal.ts';
import type { Webhook } from './webhook.ts';

const purpose = 'webhook secret';

/** A new secret: 32 random bytes, shown once. */
export const makeSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export const sealSecret = (pepper: string, id: string, secret: string): string => seal(pepper, purpose, secret, id);

/** The headers of one try. While a secret is being changed over both sign, with a space between. */
export const sign = (
  pepper: string,
  webhook: Pick<Webhook, 'id' | 'secret' | 'oldSecret' | 'oldSecretUntil'>,
  message: { id: string; at: number; body: string },
) => {
  const isOverlapping = webhook.oldSecretUntil !== null && message.at < webhook.oldSecretUntil;
  const sealed = [webhook.secret, ...(isOverlapping && webhook.oldSecret !== null ? [webhook.oldSecret] : [])];
  const at = new Date(message.at);
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(message.at / 1000)),
    'webhook-signature': sealed
      .map((each) => new Signer(unseal(pepper, purpose, each, webhook.id)).sign(message.id, at, message.body))
      .join(' '),
  };
};
