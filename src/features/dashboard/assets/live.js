// Made by npm run generate from page/live.ts.
import { Refusal } from "./api.js";
const silenceMs = 40_000;
const pauses = { first: 500, last: 15_000 };
const eventsOf = async function* (body, heard) {
const reader = body.pipeThrough(new TextDecoderStream()).getReader();
let rest = '';
for (;;) {
const { value, done } = await reader.read();
if (done)
return;
heard();
const parts = (rest + value).split('\n\n');
rest = parts.pop() ?? '';
for (const part of parts) {
const event = /^event: (.*)$/m.exec(part)?.[1];
const data = /^data: (.*)$/m.exec(part)?.[1];
if (event !== undefined && data !== undefined)
yield { event, data };
}
}
};
export const createLive = (api) => {
const running = new Map();
const listeners = new Set();
const stopped = new AbortController();
let connection = 'connecting';
let more = false;
let pause = pauses.first;
const tell = (ended = null) => {
for (const listener of [...listeners])
listener(ended);
};
const read = async (signal, heard) => {
const answer = await api.open('/v1/operations/events', signal);
if (!answer.body)
return;
const named = new Set();
for await (const { event, data } of eventsOf(answer.body, heard)) {
if (event === 'bye')
return;
if (event === 'current') {
more = JSON.parse(data).more;
for (const id of [...running.keys()])
if (!named.has(id))
running.delete(id);
connection = 'live';
pause = pauses.first;
tell();
continue;
}
const operation = JSON.parse(data);
named.add(operation.id);
if (event === 'end')
running.delete(operation.id);
else
running.set(operation.id, operation);
tell(event === 'end' ? operation : null);
}
throw new Error('The stream broke off');
};
const wait = (ms) => new Promise((resolve) => {
setTimeout(resolve, ms);
stopped.signal.addEventListener('abort', () => resolve(), { once: true });
addEventListener('online', () => resolve(), { once: true });
});
const keepReading = async () => {
while (!stopped.signal.aborted) {
const silent = new AbortController();
let timer = setTimeout(() => silent.abort(), silenceMs);
const heard = () => {
clearTimeout(timer);
timer = setTimeout(() => silent.abort(), silenceMs);
};
try {
await read(AbortSignal.any([stopped.signal, silent.signal]), heard);
}
catch (error) {
if (stopped.signal.aborted || (error instanceof Refusal && error.status === 401))
return;
connection = 'broken';
tell();
await wait(pause * (1 + Math.random() / 4));
pause = Math.min(pauses.last, pause * 2);
}
finally {
clearTimeout(timer);
}
}
};
return {
start: () => void keepReading(),
stop: () => stopped.abort(),
listen: (listener) => {
listeners.add(listener);
return () => listeners.delete(listener);
},
running: () => [...running.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
more: () => more,
connection: () => connection,
};
};
