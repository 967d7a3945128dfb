/** What every refusal looks like, and requests that no ordinary client would send. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { load as parse } from 'js-yaml';
import type { Answer } from './app.ts';

const contract = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')) as {
  components: { schemas: { ErrorCode: { enum: string[] } } };
};
const codes: readonly string[] = contract.components.schemas.ErrorCode.enum;
const facts = new Set(['success', 'error', 'code', 'retryable', 'request_id', 'errors', 'details']);

// Words that a customer must never read: of databases, of files, of programs.
const internals =
  /sqlite|mysql|mariadb|knex|\bselect\b.+\bfrom\b|\binsert\b.+\binto\b|\bupdate\b.+\bset\b|node_modules|\.[cm]?ts\b|\.[cm]?js:\d|\/(work|tmp|home|src)\/|^\s+at |ECONN|EPIPE|errno|undefined|\[object|Error:/im;

/** Throws unless the answer is this refusal, in the one shape that all have, without internals. */
export const expectProblem = (answer: Answer, status: number, code: string): Answer => {
  const { body } = answer;
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/);
  assert.equal(body.code, code, answer.text);
  assert.ok(codes.includes(body.code), `${body.code} is not in the contract`);
  assert.equal(body.success, false);
  assert.equal(typeof body.retryable, 'boolean');
  assert.equal(body.request_id, answer.headers['x-request-id']);
  assert.match(body.request_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.ok(typeof body.error === 'string' && body.error.length > 5 && body.error.length < 600, body.error);
  // An id is of random letters, which have been seen to make one of these words.
  assert.doesNotMatch(answer.text.replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, 'an id'), internals);
  for (const fact of Object.keys(body)) assert.ok(facts.has(fact), `${fact} is not in the contract`);
  if (status === 401 && code !== 'service_suspended') assert.equal(answer.headers['www-authenticate'], 'Bearer');
  if (status === 503) assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  return answer;
};

const toAnswer = (status: number, headers: Record<string, string>, text: string): Answer => ({
  status,
  headers,
  text,
  body: (headers['content-type'] ?? '').startsWith('application/json') && text !== '' ? JSON.parse(text) : undefined,
});

/** Sends exactly this path and these bytes: nothing is normalised, nothing is added. */
export const sendAsIs = (
  base: string,
  request: { method: string; path: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const { method, path, headers = {}, body } = request;
    const call = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve(toAnswer(response.statusCode ?? 0, response.headers as Record<string, string>, text)),
      );
    });
    call.on('error', reject);
    call.end(body);
  });

/**
 * Writes bytes to the port, where an HTTP client would refuse to, and reads until the server closes.
 * `thenEnd` closes the own side at once: nothing more will come.
 */
export const sendBytes = (base: string, bytes: string, { thenEnd = false } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n', 2);
      const [first = '', ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      resolve(toAnswer(Number(first.split(' ')[1]), headers, body));
    });
    socket.write(Buffer.from(bytes, 'latin1'));
    if (thenEnd) socket.end();
  });
