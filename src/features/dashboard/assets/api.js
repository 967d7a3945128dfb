// Made by npm run generate from page/api.ts.
export class Refusal extends Error {
status;
code;
requestId;
constructor(status, code, sentence, requestId) {
super(sentence);
this.status = status;
this.code = code;
this.requestId = requestId;
}
}
const patienceMs = 20_000;
const refusalOf = async (answer) => {
const requestId = answer.headers.get('x-request-id');
const problem = (await answer.json().catch(() => null));
const sentence = problem?.error ?? `The server answered ${answer.status} and no more.`;
return new Refusal(answer.status, problem?.code ?? 'unknown', sentence, problem?.request_id ?? requestId);
};
export const createApi = (key, { onKeyRefused }) => {
const send = async (path, options, signal) => {
const headers = { ...options.headers, Authorization: `Bearer ${key}` };
let answer;
try {
answer = await fetch(path, { ...options, headers, signal, cache: 'no-store', credentials: 'omit' });
}
catch (error) {
if (error.name === 'AbortError')
throw error;
if (error.name === 'TimeoutError') {
throw new Refusal(0, 'no_answer', `The server has not answered for ${patienceMs / 1000} seconds.`, null);
}
throw new Refusal(0, 'unreachable', 'The server cannot be reached.', null);
}
if (answer.ok)
return answer;
const refusal = await refusalOf(answer);
if (refusal.status === 401)
onKeyRefused(refusal);
throw refusal;
};
const json = async (path, options, signal) => {
const limit = AbortSignal.timeout(patienceMs);
const answer = await send(path, options, signal ? AbortSignal.any([signal, limit]) : limit);
return (answer.status === 204 ? undefined : await answer.json());
};
return {
get: (path, signal) => json(path, {}, signal),
post: (path, body = {}) => json(path, {
method: 'POST',
body: JSON.stringify(body),
headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
}),
remove: (path) => json(path, { method: 'DELETE' }),
open: (path, signal) => send(path, { headers: { Accept: 'text/event-stream' } }, signal),
};
};
export const at = (strings, ...parts) => String.raw({ raw: strings }, ...parts.map(encodeURIComponent));
export const query = (wishes) => {
const set = Object.entries(wishes).filter(([, value]) => value !== undefined && value !== null && value !== '');
return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`;
};
