/** `/metrics` on a port of its own: for a Prometheus beside this process, which needs no key there. */
import type { RequestListener } from 'node:http';
import type { Log } from '../kit/log.ts';
import type { MetricsPage } from '../kit/readings.ts';

export const metricsListener =
  ({ page, log }: { page: () => Promise<MetricsPage>; log: Log }): RequestListener =>
  (req, res) => {
    const text = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET');
      text(405, 'This address takes GET.\n');
      return;
    }
    if (req.url?.split('?')[0] !== '/metrics') {
      text(404, 'There is only /metrics here.\n');
      return;
    }
    page().then(
      ({ type, body }) => text(200, body, type),
      (error: unknown) => {
        log.error({ err: error }, 'The figures could not be read');
        text(500, 'Something went wrong on our side.\n');
      },
    );
  };
