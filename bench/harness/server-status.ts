import type { World } from './world.ts';

/** A counter of the database server, which is the benchmark's alone. */
export const statusOf = async (
  { db }: World,
  name: 'Innodb_buffer_pool_read_requests' | 'Questions',
): Promise<number> => {
  const [rows] = (await db.knex.raw(`show global status like '${name}'`)) as [{ Value: string }[]];
  return Number(rows[0]!.Value);
};
