/**
 * Host names as they are written in the DNS. Node's `domainToASCII` alone will not
 * do: it takes `a..b` and `ex.com/x` for names, and reads `1.2` as an address. So
 * each label is looked at on its own, and only one that is not ASCII is converted.
 */
import { domainToASCII, domainToUnicode } from 'node:url';

const dots = /[.\u3002\uff0e\uff61]/u;
const plain = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const outsideAscii = /[^\0-\x7f]/u;

/** RFC 5891: two hyphens at the third place belong to encodings, of which there is one. */
const claimsEncoding = (label: string): boolean => label.slice(2, 4) === '--';

const isRealALabel = (label: string): boolean => {
  const shown = domainToUnicode(label);
  return outsideAscii.test(shown) && domainToASCII(shown) === label;
};

const toALabel = (given: string): string | null => {
  const label = outsideAscii.test(given) ? domainToASCII(given) : given.toLowerCase();
  if (!plain.test(label)) return null;
  return claimsEncoding(label) && !(label.startsWith('xn--') && isRealALabel(label)) ? null : label;
};

/**
 * A name in lower-case A-labels, without the dot that may end it. Null for what is
 * not a host name: empty or overlong labels, underscores, anything over 253 characters,
 * a last label of digits (which reads as an address).
 */
export const toALabels = (text: string): string | null => {
  const labels: string[] = [];
  for (const part of text.replace(/\.$/, '').split(dots)) {
    const label = toALabel(part);
    if (label === null) return null;
    labels.push(label);
  }
  const name = labels.join('.');
  return name.length > 253 || /^\d+$/.test(labels.at(-1) ?? '') ? null : name;
};
