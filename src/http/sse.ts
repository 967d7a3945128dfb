import type { Response } from 'express';
import type { Clock } from '../kit/clock.ts';

/** Often enough that no proxy between takes the stream for dead. */
const keepAliveMs = 15_000;
/** Bytes that may wait for a listener who does not read. One who is further behind is cut off, and connects anew. */
const backlogBytes = 1_000_000;

/** Opens a stream of server-sent events. `close` ends it; writing after the other side has gone is harmless. */
export const openEventStream = (res: Response, clock: Clock) => {
  res.status(200);
  res.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Accel-Buffering', 'no');
  res.flushHeaders();
  let closed = false;
  const keepAlive = () => {
    if (closed) return;
    res.write(': still here\n\n');
    timer = clock.after(keepAliveMs, keepAlive);
  };
  let timer = clock.after(keepAliveMs, keepAlive);
  return {
    write: ({ event, data }: { event: string; data: unknown }) => {
      if (closed || !res.writable) return;
      if (res.writableLength > backlogBytes) res.destroy();
      else res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    close: () => {
      if (closed) return;
      closed = true;
      timer.cancel();
      res.end();
    },
  };
};
