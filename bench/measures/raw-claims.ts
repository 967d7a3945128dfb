/** The least that a durable engine has to do on MariaDB, written by hand: claims, and five transactions after each. */
import { type Connection, createConnection } from 'mysql2/promise';
import type { World } from '../harness/world.ts';

export interface RawLoop {
  workers: number;
  /** Rows to claim. */
  count: number;
  /** Transactions for each row after its claim. */
  commits: number;
  /** A name that no other call has. */
  round: string;
}

/** Claimed rows a second. Each worker has a connection of its own and claims by compare-and-swap. */
export const rawRate = async (world: World, { workers, count, commits, round }: RawLoop): Promise<number> => {
  const url = new URL(world.databaseUrl);
  const connections: Connection[] = [];
  for (let at = 0; at < workers; at += 1) connections.push(await createConnection(url.href));
  try {
    const [first] = connections;
    await first!.query(
      `create table if not exists bench_work (id varchar(64) primary key, owner int null, fence int not null, step int not null,
       due_at bigint null, key (due_at))`,
    );
    const now = Date.now();
    const rows = Array.from({ length: count }, (_, at) => [`${round}-${at}`, null, 0, 0, now]);
    await first!.query('insert into bench_work values ?', [rows]);
    const work = async (connection: Connection, worker: number): Promise<void> => {
      const inTransaction = async (sql: string, values: (string | number | null)[]): Promise<number> => {
        await connection.beginTransaction();
        const [result] = await connection.execute(sql, values);
        await connection.commit();
        return (result as { affectedRows: number }).affectedRows;
      };
      for (;;) {
        const [found] = await connection.execute(
          'select id, fence from bench_work where due_at <= ? order by due_at limit 20',
          [Date.now()],
        );
        const due = found as { id: string; fence: number }[];
        if (due.length === 0) return;
        const { id, fence } = due[Math.floor(Math.random() * due.length)]!;
        const claimed = await inTransaction(
          'update bench_work set owner = ?, fence = fence + 1, due_at = ? where id = ? and fence = ?',
          [worker, commits === 0 ? null : Date.now() + 60_000, id, fence],
        );
        if (claimed === 0) continue;
        for (let step = 1; step <= commits; step += 1) {
          await inTransaction('update bench_work set step = ?, due_at = ? where id = ? and fence = ?', [
            step,
            step === commits ? null : Date.now() + 60_000,
            id,
            fence + 1,
          ]);
        }
      }
    };
    const began = performance.now();
    await Promise.all(connections.map(work));
    return (count * 1000) / (performance.now() - began);
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
  }
};
