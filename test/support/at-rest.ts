import type { TestApp } from './app.ts';

/** Waits until no operation is in line or under way. */
export const allAtRest = async ({ serving }: TestApp): Promise<void> => {
  const { db, operations } = serving.provisor;
  for (;;) {
    const next = await db.knex('operations').whereNotNull('active_key').orderBy('id').first('id');
    if (!next) return;
    const rest = await operations.waitForRest(next.id, 60_000);
    if (rest && rest.state !== 'done' && rest.state !== 'failed')
      throw new Error(`An operation does not end: ${rest.kind} is ${rest.state}, ${rest.message}`);
  }
};
