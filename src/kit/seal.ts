/**
 * Secrets that have to be read again, kept so that a thief of the database alone
 * has nothing: sealed with a key that is made from the server's pepper, which is
 * not in the database.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const cipher = 'aes-256-gcm';
const [nonceBytes, tagBytes] = [12, 16];

const madeKeys = new Map<string, KeyObject>();

/** A key for one purpose only, so that what is sealed for one can be opened for no other. Making one takes longer than using it. */
const keyFor = (pepper: string, purpose: string): KeyObject => {
  const name = `${purpose}\n${pepper}`;
  const known = madeKeys.get(name);
  if (known) return known;
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', pepper, '', `provisor ${purpose}`, 32)));
  // There are a handful of purposes and one pepper; tests have many.
  if (madeKeys.size >= 100) madeKeys.clear();
  madeKeys.set(name, key);
  return key;
};

/** AES-256-GCM. `bound` is what the secret belongs to: a sealed text that is copied to another row does not open there. */
export const seal = (pepper: string, purpose: string, text: string, bound: string): string => {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, keyFor(pepper, purpose), nonce).setAAD(Buffer.from(bound));
  const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
  return `v1.${Buffer.concat([nonce, sealing.getAuthTag(), sealed]).toString('base64url')}`;
};

/** Errors: when it was sealed with another pepper, for another purpose or row, or was changed. */
export const unseal = (pepper: string, purpose: string, sealed: string, bound: string): string => {
  const bytes = Buffer.from(/^v1\.(.+)$/.exec(sealed)?.[1] ?? '', 'base64url');
  try {
    const opening = createDecipheriv(cipher, keyFor(pepper, purpose), bytes.subarray(0, nonceBytes))
      .setAAD(Buffer.from(bound))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]).toString('utf8');
  } catch (error) {
    throw new Error(`What was sealed for ${purpose} does not open: is PROVISOR_PEPPER still the same?`, {
      cause: error,
    });
  }
};

/** A fingerprint to find a secret by, in hex. Without the pepper nobody can try secrets against it. */
export const fingerprint = (pepper: string, purpose: string, text: string): string =>
  createHmac('sha256', keyFor(pepper, `${purpose} fingerprint`))
    .update(text)
    .digest('hex');
