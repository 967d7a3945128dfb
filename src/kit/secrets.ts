/**
 * The last line of defence of a secret: whatever is about to leave (a line of the
 * log, the message of a provider that quotes what it was sent) is searched for
 * the secrets that this process holds.
 */

export const blank = '[secret]';

// Shorter ones would blank out words that are no secret.
const shortest = 8;

/** Keys of panels and of support, whoever's they are. */
const ofOurMaking = /\bpvr_([0-9a-z]{12})_[0-9a-z]{50}\b|\bSUP-[A-Z0-9]{16}\b/g;

/** Every way in which a secret may be spelt in what is written about it. */
const spellings = (secret: string): string[] => {
  const encoded = encodeURIComponent(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = Buffer.from(secret).toString('base64');
  return [...new Set([secret, encoded, json, base64])];
};

/** Blanks out `secrets` wherever they stand in a text. */
export const createScrub = (secrets: readonly string[]): ((text: string) => string) => {
  const known = secrets.filter((secret) => secret.length >= shortest).flatMap(spellings);
  // The longest first: one secret may stand within another.
  known.sort((one, other) => other.length - one.length);
  return (text) => {
    let clean = text;
    for (const secret of known) if (clean.includes(secret)) clean = clean.replaceAll(secret, blank);
    if (clean.includes('pvr_') || clean.includes('SUP-')) {
      clean = clean.replace(ofOurMaking, (_all, id?: string) => (id ? `pvr_${id}_${blank}` : blank));
    }
    return clean;
  };
};

export type Scrub = ReturnType<typeof createScrub>;

/** Blanks out secrets in an error and in what caused it, which stays the same object. */
export const scrubError = (scrub: Scrub, error: unknown, depth = 0): void => {
  if (!(error instanceof Error) || depth > 8) return;
  for (const field of ['message', 'stack'] as const) {
    const text = error[field];
    if (typeof text !== 'string') continue;
    const clean = scrub(text);
    if (clean !== text) Object.defineProperty(error, field, { value: clean, configurable: true, writable: true });
  }
  scrubError(scrub, error.cause, depth + 1);
};
