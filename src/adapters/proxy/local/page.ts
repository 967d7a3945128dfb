import type { IncomingMessage, ServerResponse } from 'node:http';
import { renderVisitorPage, type VisitorPage } from '../../../kit/visitor-page.ts';

/** Answers with a page. `hostname` is shown as the visitor typed it. */
export const sendPage = (
  request: IncomingMessage,
  response: ServerResponse,
  page: VisitorPage,
  hostname = '',
): void => {
  const { status, headers, body } = renderVisitorPage(page, hostname);
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  response.writeHead(status, {
    ...headers,
    'Content-Length': Buffer.byteLength(body),
    // Rather than reading an upload to its end that nobody wants.
    ...(hasBody ? { Connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
};
