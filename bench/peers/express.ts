/** Express 5 and mysql2, nothing else: what this costs where nothing is checked. */
import express from 'express';
import { createSite } from './create-row.ts';
import { findSite, firstPage, panelOf, settings } from './site-row.ts';

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
app.get('/v1/sites', async (_req, res) => {
  res.json(await firstPage(res.locals.panelId));
});
app.get('/v1/sites/:serviceId', async (req, res) => {
  const site = await findSite(res.locals.panelId, req.params.serviceId);
  if (site) res.json(site);
  else res.status(404).json({ error: 'Not found' });
});
app.post('/v1/sites', express.json(), async (req, res) => {
  await createSite(res.locals.panelId, req.body);
  res.status(202).json({ service_id: req.body.service_id });
});
app.listen(settings.port, '127.0.0.1');
