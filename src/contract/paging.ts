/**
 * Keyset pages: a cursor names the last item of the page before, so a page
 * stays right, and as quick, however far in it is and whatever is added meanwhile.
 */
import { AppError } from '../kit/errors.ts';

const defaultLimit = 50;

/** Errors: `invalid_request` (400) for a cursor that we did not make. */
export const pageWish = (query: { limit?: number; cursor?: string }): { limit: number; after?: string } => {
  const limit = query.limit ?? defaultLimit;
  if (query.cursor === undefined) return { limit };
  const after = Buffer.from(query.cursor, 'base64url').toString('utf8');
  if (!/^[\x21-\x7e]{1,200}$/.test(after) || Buffer.from(after).toString('base64url') !== query.cursor) {
    throw new AppError(
      'invalid',
      'invalid_request',
      'The cursor is not one of ours; send the next_cursor of the page before.',
    );
  }
  return { limit, after };
};

/**
 * A page of at most `limit` from `limit + 1` items that were read: the one too many says that there is a next page. With
 * fewer items there may be one all the same, when `goesOn` says where to look on.
 */
export const pageOf = <Item, View>(
  items: Item[],
  limit: number,
  keyOf: (item: Item) => string,
  view: (item: Item) => View,
  goesOn: string | null = null,
): { data: View[]; next_cursor: string | null } => {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  const end = items.length > limit && last !== undefined ? keyOf(last) : goesOn;
  return {
    data: page.map(view),
    next_cursor: end === null ? null : Buffer.from(end).toString('base64url'),
  };
};
