/** What is there before Schemathesis begins: sites, zones and support subscriptions that its calls can meet. */

/** The customer that all of it belongs to; schemathesis.toml knows these names too. */
const customer = '42';
const sites = 30;
const zones = 12;

const one = async (url: string, key: string, path: string, body: object, headers = {}): Promise<void> => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', Prefer: 'wait=25', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`POST ${path} answered ${response.status}: ${text}`);
};

export const makeWorld = async (url: string, key: string): Promise<void> => {
  const plans = ['basic', 'standard', 'premium'];
  for (let n = 1; n <= sites; n += 1) {
    const service = { service_id: `fz-${n}`, email: `fz-${n}@example.com`, customer_id: customer };
    await one(url, key, '/v1/sites', { ...service, plan: plans[n % plans.length] });
    await one(url, key, '/v1/support', service);
  }
  for (const rich of ['fz-2', 'fz-5']) {
    await one(url, key, `/v1/sites/${rich}/backups`, {}, { 'Idempotency-Key': `${rich} first` });
    await one(url, key, `/v1/sites/${rich}/backups`, {}, { 'Idempotency-Key': `${rich} second` });
  }
  for (const name of ['www', 'shop']) await one(url, key, '/v1/sites/fz-2/domains', { hostname: `${name}.fuzz.org` });
  for (let n = 1; n <= zones; n += 1)
    await one(url, key, '/v1/zones', { name: `zone-${n}.com`, customer_id: customer });
};
