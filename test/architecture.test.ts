/**
 * The shape of the house, read from the sources themselves. The tables say what
 * may stand where, and why; whoever needs another way changes a table here first.
 * biome.json says the same of imports, so that an editor shows it at once.
 */
import assert from 'node:assert/strict';
import { dirname, matchesGlob } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { z } from 'zod';
import * as registry from '../src/adapters/registry.ts';
import { schema } from '../src/config.ts';
import { allFiles, type Import, importsOf, isTestFile, production, read, sources, walk } from './support/sources.ts';

/** What each layer may import beside itself. A layer is a folder of src, or a file at its top. */
const layers: Record<string, { from: string[]; why: string }> = {
  kit: { from: [], why: 'everybody stands on it' },
  ports: { from: ['kit'], why: 'interfaces, and the shape of what passes them: they know neither caller nor adapter' },
  contract: { from: ['kit'], why: 'the types of openapi.yaml' },
  database: { from: ['kit'], why: 'transactions and dialects, no table of a feature' },
  telemetry: { from: ['kit'], why: 'it is told; it asks nobody' },
  operations: { from: ['database', 'kit'], why: 'the engine knows no feature and no provider' },
  deliveries: {
    from: ['operations', 'database', 'kit'],
    why: 'it hands on what the engine and features wrote into the outbox, and knows no way to send it',
  },
  adapters: { from: ['ports', 'kit'], why: 'a provider must not reach into the business or its tables' },
  features: {
    from: ['deliveries', 'operations', 'ports', 'database', 'contract', 'kit'],
    why: 'the business: no HTTP, no provider',
  },
  compat: { from: ['features', 'operations', 'ports', 'contract', 'kit'], why: 'tables onto features; no SQL' },
  http: { from: ['contract', 'kit'], why: 'Express and nothing of the business' },
  cli: { from: ['operations', 'database', 'contract', 'config.ts', 'kit'], why: 'how commands are read and printed' },
  'provider-variables': { from: [], why: 'schemas only, one file for each kind of provider' },
  'provider-config.ts': { from: ['provider-variables'], why: 'read before anything else is there' },
  'config-lists.ts': { from: [], why: 'schemas only' },
  'config-secrets.ts': { from: [], why: 'what of the configuration nobody may be told' },
  'config-mail.ts': { from: ['kit'], why: 'schemas, and what an address of mail is' },
  'config.ts': {
    from: ['provider-config.ts', 'config-lists.ts', 'config-mail.ts', 'config-secrets.ts'],
    why: 'read before anything else is there',
  },
  'settings.ts': {
    from: ['config.ts', 'config-lists.ts', 'features'],
    why: 'the configuration in the terms of features',
  },
  'data-dir-lock.ts': { from: [], why: 'taken before anything is opened' },
  'welcome.ts': { from: ['config.ts'], why: 'only words' },
  'app.ts': {
    from: [
      'config.ts',
      'config-lists.ts',
      'settings.ts',
      'provider-config.ts',
      'adapters',
      'compat',
      'http',
      'features',
      'deliveries',
      'operations',
      'ports',
      'database',
      'contract',
      'kit',
    ],
    why: 'the composition root',
  },
  'serve.ts': {
    from: ['app.ts', 'config.ts', 'data-dir-lock.ts', 'http', 'features', 'kit'],
    why: 'what was composed, begun and ended',
  },
  'run-server.ts': {
    from: ['serve.ts', 'app.ts', 'config.ts', 'welcome.ts', 'telemetry', 'kit'],
    why: 'a process that serves, from its configuration to its end',
  },
  'main.ts': { from: ['run-server.ts'], why: 'npm start' },
  doctor: { from: ['app.ts', 'config.ts', 'cli', 'kit'], why: 'it looks at an installation as a whole' },
  'run-cli.ts': {
    from: ['run-server.ts', 'app.ts', 'config.ts', 'doctor', 'cli', 'features', 'telemetry', 'kit'],
    why: 'the operator’s way in: mounts the commands of each feature',
  },
  'cli.ts': { from: ['run-cli.ts'], why: 'provisor' },
};

/** Single imports that the table above does not grant. One that nobody uses any more must go. */
const exceptions: { file: string; imports: string; why: string }[] = [
  {
    file: 'src/adapters/registry.ts',
    imports: 'src/provider-config.ts',
    why: 'its factories take what the configuration reads for each provider, so that nothing is declared twice',
  },
  {
    file: 'src/features/*/commands.ts',
    imports: 'src/cli/*.ts',
    why: 'commands stand with their feature, and all are read and printed by one hand',
  },
  { file: 'src/http/errors.ts', imports: 'src/database/errors.ts', why: 'a database that is down is 503, not 500' },
  { file: 'src/http/idempotency.ts', imports: 'src/database/*.ts', why: 'it keeps answers' },
  { file: 'src/http/rate-exchange.ts', imports: 'src/database/*.ts', why: 'replicas count together' },
  {
    file: 'src/http/idempotency.ts',
    imports: 'src/operations/idempotency-store.ts',
    why: 'a key is bound to its operation in the transaction that submits it',
  },
];

/** Packages that one layer keeps to itself, so that they can be exchanged there. */
const packages: Record<string, string[]> = {
  express: ['src/http/**', 'src/app.ts'],
  'express-openapi-validator': ['src/http/**'],
  'find-my-way': ['src/http/**'],
  knex: ['src/database/**'],
  mysql2: ['src/database/**'],
  cockatiel: ['src/operations/**'],
  pino: ['src/telemetry/**'],
  standardwebhooks: ['src/features/webhooks/**'],
  nodemailer: ['src/features/mail/**'],
  'prom-client': ['src/telemetry/**'],
  '@opentelemetry/api': ['src/telemetry/tracing.ts'],
  '@opentelemetry/sdk-trace-base': ['src/telemetry/tracing.ts'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/telemetry/tracing.ts'],
  '@opentelemetry/resources': ['src/telemetry/tracing.ts'],
  commander: ['src/run-cli.ts', 'src/cli/**', 'src/features/*/commands.ts'],
};

const imports = new Map(sources.map((file) => [file, importsOf(file)]));
const shippedImports = production.flatMap((file) => imports.get(file) ?? []);
const ourImports = shippedImports.filter(({ ours }) => ours);
const say = ({ file, to }: Import): string => `${file} imports ${to}`;

/** `src/http/errors.ts` → http, `src/app.ts` → app.ts; null outside src. */
const layerOf = (file: string): string | null => /^src\/([^/]+)/.exec(file)?.[1] ?? null;
/** `src/adapters/dns/local/index.ts` → dns/local. */
const adapterOf = (file: string): string | null => /^src\/adapters\/([^/]+\/[^/]+)\//.exec(file)?.[1] ?? null;
const featureOf = (file: string): string | null => /^src\/features\/([^/]+)\//.exec(file)?.[1] ?? null;
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

const isExcepted = ({ file, to }: Import): boolean =>
  exceptions.some((exception) => matchesGlob(file, exception.file) && matchesGlob(to, exception.imports));

const isGranted = ({ file, to }: Import): boolean => {
  const [own, other] = [layerOf(file) ?? '', layerOf(to) ?? ''];
  return own === other || (layers[own]?.from.includes(other) ?? false);
};

describe('imports', () => {
  it('has a line in the table for every layer', () => {
    const known = Object.keys(layers);
    const found = [...new Set(production.map(layerOf))].filter((layer) => layer !== null);
    assert.deepEqual(
      found.filter((layer) => !known.includes(layer)),
      [],
    );
  });

  it('go down the layers only', () => {
    const wrong = ourImports.filter((one) => !isGranted(one) && !isExcepted(one));
    assert.deepEqual(wrong.map(say), []);
  });

  it('use every exception that is granted', () => {
    const unused = exceptions.filter(
      (exception) =>
        !ourImports.some((one) => matchesGlob(one.file, exception.file) && matchesGlob(one.to, exception.imports)),
    );
    assert.deepEqual(unused, []);
  });

  it('reach the registry of adapters from app.ts only, and adapters from the registry only', () => {
    const wrong = ourImports.filter(({ file, to }) =>
      to === 'src/adapters/registry.ts'
        ? file !== 'src/app.ts'
        : adapterOf(to) !== null && adapterOf(file) !== adapterOf(to) && file !== 'src/adapters/registry.ts',
    );
    assert.deepEqual(wrong.map(say), []);
  });

  it('leave the stores of a feature to that feature', () => {
    const wrong = ourImports.filter(
      ({ file, to }) => featureOf(to) !== null && featureOf(file) !== featureOf(to) && /-store\.ts$/.test(to),
    );
    // The composition root makes them.
    assert.deepEqual(wrong.filter(({ file }) => file !== 'src/app.ts').map(say), []);
  });

  it('bring no test, fixture or test data into the program', () => {
    const wrong = ourImports.filter(({ to }) => isTestFile(to) || !to.startsWith('src/'));
    assert.deepEqual(wrong.map(say), []);
  });

  it('run in no circle, types included', () => {
    const circles: string[] = [];
    const over = new Set<string>();
    const path: string[] = [];
    const visit = (file: string): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (over.has(file) || path.includes(file)) return;
      path.push(file);
      for (const { to, ours } of imports.get(file) ?? []) if (ours) visit(to);
      path.pop();
      over.add(file);
    };
    for (const file of sources) visit(file);
    assert.deepEqual(circles, []);
  });

  it('name packages that are installed with the program', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const wrong = shippedImports.filter(
      ({ to, ours }) => !ours && !to.startsWith('node:') && !Object.hasOwn(dependencies, packageOf(to)),
    );
    assert.deepEqual(wrong.map(say), []);
  });

  it('leave each of some packages to one layer', () => {
    const wrong = shippedImports.filter(({ file, to, ours }) => {
      const homes = ours ? undefined : packages[packageOf(to)];
      return homes !== undefined && !homes.some((home) => matchesGlob(file, home));
    });
    assert.deepEqual(wrong.map(say), []);
  });
});

describe('files', () => {
  it('do something themselves: none only exports what others have', () => {
    const barrels = sources.filter((file) => {
      const { statements } = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
      return (
        statements.some(ts.isExportDeclaration) &&
        statements.every((one) => ts.isExportDeclaration(one) || ts.isImportDeclaration(one))
      );
    });
    assert.deepEqual(barrels, []);
  });

  it('hold one idea: 400 lines at most', () => {
    const long = sources
      .filter((file) => !file.endsWith('.gen.ts'))
      .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    assert.deepEqual(long, []);
  });

  it('leave the environment to config.ts', () => {
    const readers = new Set<string>();
    for (const file of production) {
      if (imports.get(file)?.some(({ to }) => to === 'node:process')) readers.add(file);
      walk(file, (node) => {
        if (ts.isPropertyAccessExpression(node) && node.getText() === 'process.env') readers.add(file);
      });
    }
    assert.deepEqual([...readers], ['src/config.ts']);
  });

  it('name no path of the machine that they were written on', () => {
    // Put together here, so that this file does not name one either.
    const path = new RegExp(`(?<![\\w.-])/(?:${['work', 'root'].join('|')})/`);
    assert.deepEqual(
      allFiles.filter((file) => path.test(read(file))),
      [],
    );
  });

  it('lock every package that package.json leads to, from the public registry or from no address', () => {
    interface Locked {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
      optionalDependencies?: Record<string, string>;
      resolved?: string;
    }
    const { packages: locked } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Locked;
    const inLock = { dependencies: locked['']?.dependencies, devDependencies: locked['']?.devDependencies };
    assert.deepEqual(inLock, { dependencies, devDependencies });
    // A registry that lacks the builds for other systems leaves them out of the lock, and `npm ci` then refuses it.
    const places = Object.keys(locked);
    const missing = Object.values(locked)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !places.some((place) => place.endsWith(`node_modules/${name}`)));
    assert.deepEqual(missing, []);
    const elsewhere = Object.values(locked).filter(
      ({ resolved = 'https://registry.npmjs.org/' }) => !resolved.startsWith('https://registry.npmjs.org/'),
    );
    assert.deepEqual(elsewhere, []);
  });

  it('number the migrations without a gap, and no number twice', () => {
    const names = allFiles.filter((file) => file.startsWith('migrations/')).sort();
    assert.deepEqual(
      names.filter((name) => !/^migrations\/\d{4}-[a-z0-9-]+\.ts$/.test(name)),
      [],
    );
    assert.deepEqual(
      names.map((name) => Number(name.slice('migrations/'.length).slice(0, 4))),
      names.map((_, at) => at + 1),
    );
  });
});

describe('adapters', () => {
  const folders = [...new Set(production.map(adapterOf))].filter((adapter) => adapter !== null).sort();
  const registered = Object.entries(registry).flatMap(([name, factories]) =>
    Object.keys(factories).map((provider) => `${name.replace(/Adapters$/, '')}/${provider}`),
  );

  it('are all in the registry, which names no other', () => {
    assert.deepEqual(registered.sort(), folders);
  });

  it('can all be chosen in the configuration, and no other', () => {
    const variables = z.toJSONSchema(schema, { io: 'input' }).properties as Record<string, { enum?: string[] }>;
    const chosen = [...new Set(folders.map((folder) => dirname(folder)))].flatMap((port) =>
      (variables[`PROVISOR_${port.toUpperCase()}`]?.enum ?? []).map((provider) => `${port}/${provider}`),
    );
    assert.deepEqual(chosen.sort(), folders);
  });

  it('have a port each', () => {
    assert.deepEqual(
      folders.filter((folder) => !production.includes(`src/ports/${dirname(folder)}.ts`)),
      [],
    );
  });
});
