/** Fastify with its own validation (ajv) and mysql2. */
import fastify from 'fastify';
import { findSite, panelOf, settings } from './site-row.ts';

const app = fastify();
const panels = new WeakMap<object, string>();

app.addHook('onRequest', async (request, reply) => {
  const panelId = await panelOf(request.headers.authorization);
  if (panelId === null) return reply.code(401).send({ error: 'Unknown key' });
  panels.set(request, panelId);
});
app.get<{ Params: { serviceId: string } }>(
  '/v1/sites/:serviceId',
  {
    schema: {
      params: {
        type: 'object',
        properties: { serviceId: { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,64}$' } },
        required: ['serviceId'],
      },
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: { customer_id: { type: 'string', minLength: 1, maxLength: 64 } },
      },
    },
  },
  async (request, reply) => {
    const site = await findSite(panels.get(request)!, request.params.serviceId);
    if (!site) reply.code(404);
    return site ?? { error: 'Not found' };
  },
);
await app.listen({ port: settings.port, host: '127.0.0.1' });
