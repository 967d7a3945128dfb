/**
 * What is under way right now, over a stream. EventSource cannot send a key, so the stream is read by hand. When it
 * breaks it is opened anew with growing pauses, and the page says so.
 */
import { type Api, type Operation, Refusal } from './api.ts';

export type Connection = 'connecting' | 'live' | 'broken';

/** The server sends something every 15 seconds; silence for longer means that nobody is there any more. */
const silenceMs = 40_000;
const pauses = { first: 500, last: 15_000 };

interface Told {
  event: string;
  data: string;
}

/** The events of a stream, as they come. */
const eventsOf = async function* (body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<Told> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const event = /^event: (.*)$/m.exec(part)?.[1];
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (event !== undefined && data !== undefined) yield { event, data };
    }
  }
};

export const createLive = (api: Api) => {
  const running = new Map<string, Operation>();
  const listeners = new Set<(ended: Operation | null) => void>();
  const stopped = new AbortController();
  let connection: Connection = 'connecting';
  let more = false;
  let pause = pauses.first;

  const tell = (ended: Operation | null = null) => {
    for (const listener of [...listeners]) listener(ended);
  };

  /** Reads one stream to its end. What was under way before it and is not any more has ended unseen. */
  const read = async (signal: AbortSignal, heard: () => void): Promise<void> => {
    const answer = await api.open('/v1/operations/events', signal);
    if (!answer.body) return;
    const named = new Set<string>();
    for await (const { event, data } of eventsOf(answer.body, heard)) {
      if (event === 'bye') return;
      if (event === 'current') {
        more = (JSON.parse(data) as { more: boolean }).more;
        for (const id of [...running.keys()]) if (!named.has(id)) running.delete(id);
        connection = 'live';
        pause = pauses.first;
        tell();
        continue;
      }
      const operation = JSON.parse(data) as Operation;
      named.add(operation.id);
      if (event === 'end') running.delete(operation.id);
      else running.set(operation.id, operation);
      tell(event === 'end' ? operation : null);
    }
    throw new Error('The stream broke off');
  };

  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, ms);
      stopped.signal.addEventListener('abort', () => resolve(), { once: true });
      addEventListener('online', () => resolve(), { once: true });
    });

  const keepReading = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const silent = new AbortController();
      let timer = setTimeout(() => silent.abort(), silenceMs);
      const heard = () => {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), silenceMs);
      };
      try {
        await read(AbortSignal.any([stopped.signal, silent.signal]), heard);
      } catch (error) {
        if (stopped.signal.aborted || (error instanceof Refusal && error.status === 401)) return;
        connection = 'broken';
        tell();
        await wait(pause * (1 + Math.random() / 4));
        pause = Math.min(pauses.last, pause * 2);
      } finally {
        clearTimeout(timer);
      }
    }
  };

  return {
    start: () => void keepReading(),
    stop: () => stopped.abort(),
    /** Calls after every change, with the operation that has ended where one has. */
    listen: (listener: (ended: Operation | null) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    running: () => [...running.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    more: () => more,
    connection: () => connection,
  };
};

export type Live = ReturnType<typeof createLive>;
