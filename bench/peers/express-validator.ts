/** The same with express-openapi-validator as it comes, on our own contract. */
import { fileURLToPath } from 'node:url';
import express from 'express';
import { middleware } from 'express-openapi-validator';
import { findSite, panelOf, settings } from './site-row.ts';

const app = express();

app.use(async (req, res, next) => {
  const panelId = await panelOf(req.headers.authorization);
  if (panelId === null) {
    res.status(401).json({ error: 'Unknown key' });
    return;
  }
  res.locals.panelId = panelId;
  next();
});
app.use(
  middleware({
    apiSpec: fileURLToPath(new URL('../../openapi.yaml', import.meta.url)),
    // As everybody has to, who has keys: its own check lets all through where it has no handlers.
    validateSecurity: false,
    validateRequests: true,
    validateResponses: false,
  }),
);
app.get('/v1/sites/:serviceId', async (req, res) => {
  const site = await findSite(res.locals.panelId, req.params.serviceId);
  if (site) res.json(site);
  else res.status(404).json({ error: 'Not found' });
});
app.listen(settings.port, '127.0.0.1');
