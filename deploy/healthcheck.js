// Whether the process in this container answers: exit code 0 or 1, as HEALTHCHECK wants it.
const host = process.env.PROVISOR_HOST ?? '127.0.0.1';
const loopback = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
const url = `http://${loopback}:${process.env.PROVISOR_PORT ?? 8080}/health`;
const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) }).catch((error) => ({
  ok: false,
  status: error.cause?.code ?? error.name,
}));
if (!answer.ok) {
  process.stderr.write(`${url}: ${answer.status}\n`);
  process.exitCode = 1;
}
