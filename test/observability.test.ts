/** Alerts, board and runbook against the figures that a running process really shows. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { load } from 'js-yaml';
import { systemClock } from '../src/kit/clock.ts';
import { type CountingTelemetry, createTelemetry } from '../src/telemetry/telemetry.ts';
import { activeSite, startApp, type TestApp } from './support/app.ts';
import { databases } from './support/databases.ts';
import { readFigures } from './support/figures.ts';
import { production, read as readSource } from './support/sources.ts';

const read = (file: string): string => readFileSync(new URL(`../deploy/${file}`, import.meta.url), 'utf8');

interface Alert {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook: string };
}

interface RuleTest {
  alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
}

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

const { groups } = load(read('prometheus/alerts.yaml')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const board = JSON.parse(read('grafana/provisor.json')) as {
  panels: Panel[];
  templating: { list: { definition?: string }[] };
};
const expressions = [
  ...alerts.map(({ expr }) => expr),
  ...board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...board.templating.list.flatMap(({ definition }) => definition ?? []),
];

/** Every figure that an expression names, with the labels that it chooses by. */
const namedIn = (expression: string): { name: string; labels: string[] }[] =>
  [...expression.matchAll(/\b((?:provisor|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', chosen = '']) => ({
      name,
      labels: [...chosen.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }),
  );

/** Labels that Prometheus itself puts on what it reads. */
const ofPrometheus = ['job', 'instance'];

describe('The figures that alerts and board name', () => {
  let app: TestApp;
  let telemetry: CountingTelemetry;
  const shown = new Map<string, Set<string>>();

  before(async () => {
    telemetry = await createTelemetry({ clock: systemClock, version: '0.0.0' });
    app = await startApp(databases[0]!, {
      environment: { PROVISOR_METRICS_PORT: '0' },
      replacements: { telemetry },
    });
    const { operation } = await activeSite(app.panel);
    await app.serving.provisor.db
      .knex('operations')
      .where({ id: operation.id })
      .update({ state: 'stuck', active_key: 'one that waits' });
    await app.panel.call('GET', '/v1/plans');
    // What does not happen on a good day.
    telemetry.retried('site.create', 'publish');
    const text = await (await fetch(app.serving.metricsUrl!)).text();
    for (const { name, labels } of readFigures(text)) {
      const known = shown.get(name) ?? new Set();
      for (const label of Object.keys(labels)) known.add(label);
      shown.set(name, known);
    }
  });
  after(async () => {
    await app.stop();
    await telemetry.close();
  });

  it('are shown, with those labels', () => {
    const named = expressions.flatMap(namedIn);
    assert.ok(named.length > 50, String(named.length));
    const wrong = named.flatMap(({ name, labels }) => {
      const known = shown.get(name);
      if (!known) return [`${name} is not shown`];
      return labels
        .filter((label) => !known.has(label) && !ofPrometheus.includes(label))
        .map((label) => `${name} has no label ${label}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('are grouped by labels that there are', () => {
    const all = new Set([...[...shown.values()].flatMap((labels) => [...labels]), ...ofPrometheus]);
    const grouped = expressions.flatMap((expression) =>
      [...expression.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    );
    assert.ok(grouped.length > 20);
    assert.deepEqual(
      grouped.filter((label) => !all.has(label)),
      [],
    );
  });

  it('are all on the board, but for what only Node says of itself', () => {
    const onBoard = new Set(
      board.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => namedIn(expr).map(({ name }) => name))),
    );
    const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
    const seen = new Set([...onBoard].map(base));
    const missing = [...new Set([...shown.keys()].map(base))].filter(
      (name) => name.startsWith('provisor_') && !seen.has(name),
    );
    assert.deepEqual(missing, []);
  });

  it('are all in the page for operators', () => {
    const page = read('observability.md');
    const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
    const missing = [...new Set([...shown.keys()].map(base))].filter(
      (name) => name.startsWith('provisor_') && !page.includes(`\`${name}\``),
    );
    assert.deepEqual(missing, []);
  });
});

describe('Each alert', () => {
  it('leads to its section of the runbook, and each section to its alert', () => {
    const sections = [...read('RUNBOOK.md').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
    assert.deepEqual(alerts.map(({ alert }) => alert).sort(), sections.sort());
    for (const { alert, annotations } of alerts) {
      assert.equal(annotations.runbook, `deploy/RUNBOOK.md#${alert.toLowerCase()}`);
    }
  });

  it('has a section with a meaning, where to look and what to do', () => {
    for (const section of read('RUNBOOK.md').split(/^## /m).slice(1)) {
      for (const part of ['**Means.**', '**Look.**', '**Do.**'])
        assert.ok(section.includes(part), section.slice(0, 40));
    }
  });

  it('was seen to fire and to stay quiet by promtool', () => {
    const { tests } = load(read('prometheus/alerts.test.yaml')) as { tests: RuleTest[] };
    const seen = tests.flatMap(({ alert_rule_test }) =>
      alert_rule_test.map(
        ({ alertname, exp_alerts }) => `${alertname} ${exp_alerts.length > 0 ? 'fires' : 'is quiet'}`,
      ),
    );
    const wished = alerts.flatMap(({ alert }) => [`${alert} fires`, `${alert} is quiet`]);
    assert.deepEqual(seen.sort(), wished.sort());
  });

  it('has a section that names commands, calls and lines of the log that there are', () => {
    const runbook = read('RUNBOOK.md');
    const source = production.map((file) => readSource(file)).join('\n');
    const named = (pattern: RegExp) => [...new Set([...runbook.matchAll(pattern)].map(([, word = '']) => word))];
    const verbs = named(/\boperations ([a-z]+) (?:--state|ID)/g);
    const lines = named(/\.msg == "([^"]+)"/g);
    assert.ok(verbs.length >= 3 && lines.length >= 3);
    const missing = [
      ...verbs.filter((verb) => !source.includes(`one('${verb}'`) && !source.includes(`command('${verb}')`)),
      ...lines.filter((line) => !source.includes(`'${line}'`)),
      ...named(/`((?:get|create)[A-Z]\w+)`/g).filter((call) => !source.includes(`'${call}'`)),
    ];
    assert.deepEqual(missing, []);
  });
});
