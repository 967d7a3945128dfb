import { type Command, InvalidArgumentError } from 'commander';
import { parsePanelName } from '../../cli/arguments.ts';
import { parseDuration, parseSomeDuration } from '../../cli/duration.ts';
import type { RunCommand } from '../../cli/output.ts';
import { table } from '../../cli/table.ts';
import type { Database } from '../../database/database.ts';
import { fromNow } from '../../kit/duration.ts';
import { type PanelKey, panelScopes, type Scope, scopes } from './panel-key.ts';
import type { Panels } from './panels.ts';

export interface PanelTools {
  panels: Panels;
  db: Pick<Database, 'now'>;
}

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

type KeyState = 'live' | 'expired' | 'revoked';

const stateOf = (key: PanelKey, now: number): KeyState => {
  if (key.revokedAt !== null) return 'revoked';
  return key.expiresAt !== null && key.expiresAt <= now ? 'expired' : 'live';
};

const keyView = (key: PanelKey, now: number) => ({
  id: key.id,
  state: stateOf(key, now),
  scopes: key.scopes,
  created_at: instant(key.createdAt),
  expires_at: instant(key.expiresAt),
  last_used_at: instant(key.lastUsedAt),
  revoked_at: instant(key.revokedAt),
});

/** For a repeated option that also takes several with commas between. */
const parseScopes = (text: string, before: Scope[] = []): Scope[] => {
  const named = text.split(',').map((part) => part.trim());
  const unknown = named.find((name) => !scopes.some((scope) => scope === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There are these scopes: ${scopes.join(', ')}.`);
  return [...new Set([...before, ...(named as Scope[])])];
};

const shownOnce = (text: string): string =>
  `${text}\n\nThis is the only time that the key is shown. Keep it safe; a lost key is replaced with a new one.`;

/** `provisor panels …` and `provisor keys …`. */
export const panelCommands = (program: Command, run: RunCommand<PanelTools>): void => {
  const panelGroup = program.command('panels').description('the billing panels that may call');

  panelGroup
    .command('list')
    .description('the panels')
    .action(() =>
      run(async ({ panels }, output) => {
        const all = await panels.list();
        const view = all.map(({ id, name, createdAt }) => ({ id, name, created_at: instant(createdAt) }));
        output.answer({ data: view, next_cursor: null }, () =>
          all.length === 0
            ? 'There are no panels yet. Make one with: provisor panels create <name>'
            : table(
                ['panel', 'id', 'created'],
                view.map((panel) => [panel.name, panel.id, panel.created_at]),
              ),
        );
      }),
    );

  panelGroup
    .command('create')
    .description('make a panel')
    .argument('<name>', 'what you call it', parsePanelName)
    .action((name: string) =>
      run(async ({ panels }, output) => {
        const panel = await panels.create(name);
        output.answer(
          { id: panel.id, name, created_at: instant(panel.createdAt) },
          () => `The panel "${name}" is made. Give it a key with: provisor keys create ${name}`,
        );
      }),
    );

  const keyGroup = program.command('keys').description('the keys that panels call with');

  keyGroup
    .command('list')
    .description('the keys of a panel')
    .argument('<panel>', 'its name')
    .action((name: string) =>
      run(async ({ panels, db }, output) => {
        const keys = await panels.listKeys((await panels.require(name)).id);
        const now = await db.now();
        output.answer({ data: keys.map((key) => keyView(key, now)), next_cursor: null }, () =>
          keys.length === 0
            ? `The panel "${name}" has no keys. Make one with: provisor keys create ${name}`
            : table(
                ['key', 'state', 'expires', 'last used', 'scopes'],
                keys.map((key) => [
                  key.id,
                  stateOf(key, now),
                  key.expiresAt === null ? 'never' : fromNow(key.expiresAt, now),
                  key.lastUsedAt === null ? 'never' : fromNow(key.lastUsedAt, now),
                  key.scopes.length === scopes.length ? 'all' : key.scopes.join(' '),
                ]),
              ),
        );
      }),
    );

  keyGroup
    .command('create')
    .description('make a key for a panel')
    .argument('<panel>', 'its name')
    .option('--scope <scope>', `what it may do, repeatable (default: ${panelScopes.join(',')})`, parseScopes)
    .option('--expires <duration>', 'how long it is good for, e.g. 30d (default: for ever)', parseSomeDuration)
    .action((name: string, options: { scope?: Scope[]; expires?: number }) =>
      run(async ({ panels, db }, output) => {
        const panel = await panels.require(name);
        const now = await db.now();
        const { key, text } = await panels.issue(panel.id, {
          ...(options.scope ? { scopes: options.scope } : {}),
          expiresAt: options.expires === undefined ? null : now + options.expires,
        });
        output.answer({ ...keyView(key, now), key: text }, () => shownOnce(text));
      }),
    );

  keyGroup
    .command('rotate')
    .description('make a new key with the same scopes; the old one ends after the overlap')
    .argument('<keyid>', 'the old key')
    .option('--overlap <duration>', 'how long both are good', parseDuration, parseDuration('24h'))
    .action((keyId: string, { overlap }: { overlap: number }) =>
      run(async ({ panels, db }, output) => {
        const { key, text } = await panels.rotate(keyId, overlap);
        const now = await db.now();
        const end = overlap === 0 ? 'has ended' : `ends ${fromNow(now + overlap, now)}, or before if it was to`;
        output.answer(
          { ...keyView(key, now), key: text, replaces: keyId },
          () => `${shownOnce(text)}\nThe old key ${keyId} ${end}.`,
        );
      }),
    );

  keyGroup
    .command('revoke')
    .description('end a key at once')
    .argument('<keyid>', 'the key')
    .action((keyId: string) =>
      run(async ({ panels }, output) => {
        await panels.revoke(keyId);
        output.answer({ id: keyId, state: 'revoked' }, () => `The key ${keyId} is refused from now on.`);
      }),
    );
};
