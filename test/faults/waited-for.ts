import type { Database } from '../../src/database/database.ts';

/** Whether an update of an operation is under way on a MariaDB: with a transaction that holds its row, it waits for that. */
export const isWaitedFor = async ({ knex }: Database): Promise<boolean> => {
  const [rows] = await knex.raw(
    "SELECT 1 FROM information_schema.processlist WHERE db = database() AND info LIKE 'update%operations%'",
  );
  return rows.length > 0;
};
