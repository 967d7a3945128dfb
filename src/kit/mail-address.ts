/**
 * Addresses of mail. Only the plain form is taken: one that needs quotes, or
 * holds a blank, a comma or a line break, could mean more than one address, or a
 * header of its own, to somebody on the way.
 */

export interface Mailbox {
  /** Empty when only the address was given. */
  name: string;
  address: string;
}

const atom = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const form = new RegExp(`^${atom}(?:\\.${atom})*@${label}(?:\\.${label})*$`, 'i');

export const isMailAddress = (text: string): boolean =>
  text.length <= 254 && text.lastIndexOf('@') <= 64 && form.test(text);

/** `address` or `Name <address>`; null when it is neither. */
export const readMailbox = (text: string): Mailbox | null => {
  const [, name = '', inBrackets] = /^(?:([^<>"\p{Cc}]*)<([^<>]*)>)$/u.exec(text.trim()) ?? [];
  const address = inBrackets ?? text.trim();
  return isMailAddress(address) ? { name: name.trim(), address } : null;
};
