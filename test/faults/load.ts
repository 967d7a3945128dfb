/**
 * What panels do while everything breaks: mixed calls on many services through
 * any replica, repeated when no answer comes, and a memory of what was promised.
 */
import { setTimeout as pass } from 'node:timers/promises';
import type { Place } from './fleet.ts';

export interface LoadOptions {
  places: Place[];
  key: string;
  services: number;
  /** Calls under way at a time. */
  clients: number;
  /** How long a call waits for its answer. */
  patienceMs: number;
  random: () => number;
}

interface Reply {
  status: number;
  code: string | null;
  retryable: boolean;
  operationId: string | null;
}

const plans = ['basic', 'standard', 'premium'];
const weights: Record<string, number> = {
  suspend: 16,
  unsuspend: 20,
  upgrade: 16,
  reset: 12,
  stop: 12,
  start: 14,
  restart: 5,
  delete: 3,
};

/** Refusals that an honest replica gives in the middle of all this. */
const isExpected = ({ status, code }: Reply): boolean =>
  (status >= 200 && status < 300) ||
  status === 409 ||
  status === 503 ||
  status === 429 ||
  // 401 and 403 are a suspended service's, never a key's.
  ((status === 401 || status === 403) && code === 'service_suspended');

export const createLoad = ({ places, key, services, clients, patienceMs, random }: LoadOptions) => {
  const acknowledged = new Map<string, string>();
  const created = new Set<string>();
  const deleted = new Set<string>();
  const odd: string[] = [];
  const counts = { calls: 0, unanswered: 0, refused: 0, unavailable: 0, repeated: 0 };
  let over = false;

  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

  const pickCall = (): string => {
    let left = random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    for (const [call, weight] of Object.entries(weights)) {
      left -= weight;
      if (left < 0) return call;
    }
    return 'start';
  };

  /** Sends it to any replica that was there when last seen. Null when no answer came. */
  const send = async (
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply | null> => {
    const reachable = places.filter(
      (place) => place.url !== '' && place.state !== 'dead' && place.state !== 'starting',
    );
    if (reachable.length === 0) return null;
    const place = pick(reachable);
    counts.calls += 1;
    try {
      const response = await fetch(`${place.url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
      });
      const answer = (await response.json()) as Record<string, unknown> & { operation?: { id: string } | null };
      const reply: Reply = {
        status: response.status,
        code: typeof answer.code === 'string' ? answer.code : null,
        retryable: answer.retryable === true,
        operationId: answer.operation?.id ?? null,
      };
      if (!isExpected(reply)) odd.push(`${method} ${path} on ${place.name}: ${reply.status} ${JSON.stringify(answer)}`);
      if (reply.status === 503) counts.unavailable += 1;
      return reply;
    } catch {
      counts.unanswered += 1;
      return null;
    }
  };

  /** Sends it until it is answered for good, as a panel does. */
  const insist = async (
    method: string,
    path: string,
    body: unknown,
    idempotencyKey?: string,
  ): Promise<Reply | null> => {
    const headers: Record<string, string> = {
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      ...(random() < 0.1 ? { Prefer: 'wait=1' } : {}),
    };
    for (let attempt = 1; !over && attempt <= 12; attempt += 1) {
      const reply = await send(method, path, body, headers);
      if (reply && reply.status < 300) {
        if (reply.operationId) acknowledged.set(reply.operationId, `${method} ${path}`);
        return reply;
      }
      if (reply && !reply.retryable) {
        counts.refused += 1;
        return reply;
      }
      // The request that was lost may hold the key for a minute; nobody waits for that here.
      if (reply?.code === 'idempotency_in_progress') return reply;
      counts.repeated += 1;
      await pass(50 + random() * 150);
    }
    return null;
  };

  const once = async (serviceId: string): Promise<void> => {
    const idempotencyKey = random() < 0.3 ? `key-${serviceId}-${Math.floor(random() * 1e12)}` : undefined;
    if (!created.has(serviceId)) {
      const number = Number(serviceId.slice(2));
      // Four services want the same name.
      const wish = { service_id: serviceId, email: `shop${Math.floor(number / 4)}@example.com`, plan: pick(plans) };
      const reply = await insist('POST', '/v1/sites', wish, idempotencyKey);
      // Another client asked for it with other details.
      if (reply && (reply.status < 300 || reply.code === 'service_exists')) created.add(serviceId);
      return;
    }
    const call = pickCall();
    const site = `/v1/sites/${serviceId}`;
    if (call === 'delete') {
      const reply = await insist('DELETE', site, undefined);
      if (reply && reply.status < 300) deleted.add(serviceId);
      return;
    }
    const path = call in { suspend: 1, unsuspend: 1, upgrade: 1 } ? `${site}/${call}` : `${site}/actions/${call}`;
    const body = call === 'upgrade' ? { plan: pick(plans) } : {};
    const reply = await insist('POST', path, body, idempotencyKey);
    if (idempotencyKey === undefined || !reply || reply.status >= 300 || random() < 0.5) return;
    const again = await send('POST', path, body, { 'Idempotency-Key': idempotencyKey });
    if (again && again.status < 300 && again.operationId !== reply.operationId)
      odd.push(`${path} twice under one key: ${reply.operationId}, then ${again.operationId}`);
  };

  const client = async (): Promise<void> => {
    while (!over) {
      // Some services are wanted by many at once.
      const number = Math.floor(random() * (random() < 0.3 ? Math.min(10, services) : services));
      const serviceId = `s-${number}`;
      if (deleted.has(serviceId)) await pass(5);
      else await once(serviceId);
    }
  };

  let running: Promise<unknown> = Promise.resolve();
  return {
    acknowledged,
    created,
    deleted,
    odd,
    counts,
    start: () => {
      running = Promise.all(Array.from({ length: clients }, client));
    },
    /** Begins no more calls and waits for the answers to come. */
    stop: async (): Promise<void> => {
      over = true;
      await running;
    },
  };
};

export type Load = ReturnType<typeof createLoad>;
