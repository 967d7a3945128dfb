/**
 * Names as people type them, turned into A-labels. The check of the labels is
 * our own: the URL rules that Node follows take `a..b` and `ex.com/x` for names
 * and read `1.2` as an IP address. Pure.
 */
import { isIP } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';

/** What is wrong with a name, as the end of a sentence: "has two dots in a row". */
export class NameFault extends Error {}

const mostOfLabel = 63;
const mostOfName = 253;

const labelForm = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;
/** What may stand in a label that is not ASCII, before it is mapped: letters, marks, digits, and the few signs between them that RFC 5892 allows. */
const wideForm = /^[\p{L}\p{M}\p{N}\u00b7\u0375\u05f3\u05f4\u30fb-]+$/u;
// Without it a label of digits would be read as an IP address.
const guard = '.invalid';

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

const withoutGuard = (name: string): string => (name.endsWith(guard) ? name.slice(0, -guard.length) : '');

const toPunycode = (label: string): string => withoutGuard(domainToASCII(`${label}${guard}`));

/** Whether a label that says it is encoded is: Node leaves what it cannot decode as it is. */
const isPunycode = (label: string): boolean => {
  const unicode = withoutGuard(domainToUnicode(`${label}${guard}`));
  return !unicode.startsWith('xn--') && toPunycode(unicode) === label;
};

const oddCharacter = (label: string): NameFault => {
  const odd = [...label].find((character) => !/[\p{L}\p{M}\p{N}_-]/u.test(character));
  if (odd === undefined) return new NameFault('has a part that begins or ends with a hyphen');
  if (odd === ' ') return new NameFault('has a space, which a name cannot have');
  const code = `U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  const shown = /^[\x21-\x7e]$/.test(odd) ? `the character ${odd}` : `the character ${code}`;
  return new NameFault(`has ${shown}, which a name cannot have`);
};

const toALabel = (label: string): string => {
  if (label === '') throw new NameFault('has two dots in a row, or begins or ends with one too many');
  const plain = isAscii(label);
  if (!plain && !wideForm.test(label)) throw oddCharacter(label);
  const lower = label.toLowerCase();
  const ascii = plain ? lower : toPunycode(lower);
  if (ascii === '' || (ascii.startsWith('xn--') && !isPunycode(ascii))) {
    throw new NameFault('has a part that is not a valid internationalised name');
  }
  if (ascii.length > mostOfLabel) throw new NameFault(`has a part of more than ${mostOfLabel} characters`);
  if (!labelForm.test(ascii)) throw oddCharacter(ascii);
  return ascii;
};

/**
 * A name without its trailing dot, in lower-case A-labels. With `wildcard` the
 * first label may be `*`. Throws {@link NameFault}.
 */
export const toALabels = (text: string, { wildcard = false }: { wildcard?: boolean } = {}): string => {
  if (text === '') throw new NameFault('is empty');
  const labels = text.split('.').map((label, at) => (wildcard && at === 0 && label === '*' ? '*' : toALabel(label)));
  const name = labels.join('.');
  if (name.length > mostOfName) throw new NameFault(`is longer than ${mostOfName} characters`);
  return name;
};

/** The same name as its owner writes it: `münchen.example`. */
export const toUnicode = (name: string): string => {
  const unicode = domainToUnicode(name);
  // The guard of Node against look-alikes gives back nothing.
  return unicode === '' ? name : unicode;
};

/** Whether a name is `zone` or below it. Both absolute, with the trailing dot. */
export const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

const withoutDot = (text: string): string => (text.endsWith('.') ? text.slice(0, -1) : text);

const refuseTwice = (name: string, zone: string): void => {
  const tail = zone.slice(0, -1);
  if (name === `${tail}.${tail}` || name.endsWith(`.${tail}.${tail}`)) {
    throw new NameFault(`ends in ${tail} twice`);
  }
};

/**
 * The absolute name of a record's owner: `@` is the zone itself, a name that ends
 * in the zone's is taken as it is, anything else is below the zone. Throws {@link NameFault}.
 */
export const ownerName = (text: string, zone: string): string => {
  if (text === '@') return zone;
  const name = toALabels(withoutDot(text), { wildcard: true });
  const inZone = isWithin(`${name}.`, zone);
  if (text.endsWith('.') && !inZone) throw new NameFault(`is outside the zone ${withoutDot(zone)}`);
  const full = inZone ? name : `${name}.${withoutDot(zone)}`;
  refuseTwice(full, zone);
  if (full.length > mostOfName) throw new NameFault(`is longer than ${mostOfName} characters with the zone's own`);
  return `${full}.`;
};

/**
 * The absolute name that a record leads to: `@` is the zone itself, a single word
 * is below the zone, anything with a dot is the whole name. Throws {@link NameFault}.
 */
export const targetName = (text: string, zone: string): string => {
  if (text === '@') return zone;
  if (isIP(text) !== 0) throw new NameFault('is an IP address where a name belongs');
  const bare = withoutDot(text);
  const name = toALabels(bare);
  if (/(^|\.)[0-9]+$/.test(name)) throw new NameFault('ends in a number, as an IP address does and a name does not');
  const full = text.endsWith('.') || bare.includes('.') ? name : `${name}.${withoutDot(zone)}`;
  refuseTwice(full, zone);
  if (full.length > mostOfName) throw new NameFault(`is longer than ${mostOfName} characters with the zone's own`);
  return `${full}.`;
};

/** An absolute name as it is shown in its zone: `@`, `www`. */
export const relativeName = (name: string, zone: string): string =>
  name === zone ? '@' : isWithin(name, zone) ? name.slice(0, -zone.length - 1) : name;
