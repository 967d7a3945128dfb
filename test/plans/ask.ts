/**
 * Asks a large database what a test has asked a small one. The values of the test find nothing here, and what finds
 * nothing tells little of its plan; so each is exchanged for that of a row that is here.
 */
import type { Database } from '../../src/database/database.ts';
import type { Asked, Value } from '../support/asked.ts';
import { explainMysql, readSoFar, wrongInPlan } from '../support/plans.ts';
import type { Filled, Row } from './fill.ts';

/** What a caller chooses from few words, or wishes to see of many rows: these stay as the test had them. */
const wishes = new Set(['state', 'stuck_in', 'channel', 'actor', 'action', 'outcome', 'plan', 'disabled_reason']);

const named =
  /\b(?:from|join|update)\s+`?(\w+)`?(?:\s+(?:as\s+)?(?!(?:where|set|left|inner|join|on|order|group|limit|force)\b)`?(\w+)`?)?/gi;
const compared = /(?:`?(\w+)`?\.)?`?(\w+)`?\s*(=|<=|>=|<|>|\bin\s*\((?:\s*\?\s*,)*)\s*$/i;

interface Place {
  table: string;
  column: string;
  isEqual: boolean;
}

/** The column that each value of a statement is compared with; null for what is written, and for what is compared otherwise. */
const placesOf = (sql: string, examples: ReadonlyMap<string, readonly Row[]>): (Place | null)[] => {
  const names = new Map<string, string>();
  for (const [, table = '', alias = table] of sql.matchAll(named)) if (examples.has(table)) names.set(alias, table);
  const begins = /^\s*update\b/i.test(sql) ? sql.search(/\bwhere\b/i) : 0;
  return [...sql.matchAll(/\?/g)].map(({ index }) => {
    const [, name, column, operator] = compared.exec(sql.slice(0, index)) ?? [];
    if (column === undefined || index < begins) return null;
    const candidates = name === undefined ? [...names.values()] : [names.get(name) ?? name];
    const table = candidates.find((each) => Object.hasOwn(examples.get(each)?.[0] ?? {}, column));
    return table === undefined ? null : { table, column, isEqual: !/[<>]/.test(operator ?? '') };
  });
};

const isSame = (left: unknown, right: unknown): boolean => String(left) === String(right);

/** What begins with a panel's id. */
const ofPanel = /^[0-9A-HJKMNP-TV-Z]{26}(?=:)/;

/** The same statement with values that are there. */
export const withExamples = ({ sql, bindings }: Asked, { examples, panelId, now }: Filled): Asked => {
  const places = placesOf(sql, examples);
  const fits = (table: string, row: Row): number =>
    places.filter((place, at) => place?.table === table && isSame(row[place.column], bindings[at])).length +
    // A word that is part of the statement.
    Object.values(row).filter((value) => sql.includes(`'${value}'`)).length;
  const best = ({ table, column }: Place): unknown =>
    [...(examples.get(table) ?? [])]
      .sort((left, right) => fits(table, right) - fits(table, left))
      .map((row) => row[column])
      .find((value) => value !== null);
  return {
    sql,
    bindings: bindings.map((value, at) => {
      const place = places[at];
      if (!place) return typeof value === 'string' ? value.replace(ofPanel, panelId) : value;
      if (value === null || wishes.has(place.column)) return value;
      // What is due or old at a time is so now; a cursor goes on from the middle.
      if (!place.isEqual && /_at$/.test(place.column)) return now;
      if (!place.isEqual && typeof value !== 'string' && place.column !== 'at') return value;
      return (best(place) as Value | undefined) ?? value;
    }),
  };
};

export interface Told {
  /** As the plan has it, a sentence for each part that reads a whole growing table or sorts much of one. */
  wrong: string[];
  /** The plan knows that there is nothing to read. */
  isEmpty: boolean;
  /** Rows that were read, of tables and of what was sorted. */
  read: number;
  /** Whether anything was found or changed. */
  found: boolean;
  /** Why it could not be run. */
  refused: string | null;
}

const undo = new Error('Nothing of it is kept');

/** Has a statement explained, then runs it, counts what is read, and takes it back. */
export const ask = async (db: Database, asked: Asked): Promise<Told> => {
  const plan = await explainMysql(db.knex, asked);
  let [read, found, refused]: [number, boolean, string | null] = [0, false, null];
  await db
    .transaction(async (tx) => {
      const before = await readSoFar(tx);
      const looking = (await readSoFar(tx)) - before;
      try {
        const [answer] = (await tx.raw(asked.sql, asked.bindings)) as [{ affectedRows?: number; length?: number }];
        found = (answer.length ?? answer.affectedRows ?? 0) > 0;
      } catch (error) {
        refused = (error as { code?: string }).code ?? String(error);
      }
      read = (await readSoFar(tx)) - before - 2 * looking;
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return {
    wrong: wrongInPlan(asked.sql, plan),
    isEmpty: plan.every(({ table }) => table === null),
    read,
    found,
    refused,
  };
};
