import { request } from 'node:http';

export interface StreamedEvent {
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent
  data: any;
}

/** Reads a stream of server-sent events until the server closes it. `seen` is told each event as it comes. */
export const readEvents = (
  url: string,
  headers: Record<string, string>,
  seen: (event: StreamedEvent) => void = () => {},
): Promise<{ status: number; events: StreamedEvent[] }> =>
  new Promise((resolve, reject) => {
    const call = request(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false }, (response) => {
      const events: StreamedEvent[] = [];
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const parts = (rest + chunk).split('\n\n');
        rest = parts.pop() ?? '';
        for (const part of parts) {
          const event = /^event: (.*)$/m.exec(part)?.[1];
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (event === undefined || data === undefined) continue;
          events.push({ event, data: JSON.parse(data) });
          seen(events.at(-1)!);
        }
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, events }));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
