import type { Database, Queries, Tx } from '../../database/database.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import type { Clock } from '../../kit/clock.ts';
import { AppError } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import type { Log } from '../../kit/log.ts';
import { activeKey } from '../../operations/operation.ts';
import type { Operations } from '../../operations/operations.ts';
import { createKeyCache } from './key-cache.ts';
import { macEquals, macOf, makeKey, type PanelKey, panelScopes, parseKey, type Scope } from './panel-key.ts';
import * as store from './panel-store.ts';

/** A caller whose key was found good. */
export interface Identity {
  panelId: string;
  panelName: string;
  keyId: string;
  scopes: readonly Scope[];
  expiresAt: number | null;
}

const minute = 60_000;
/** How often the same refusal of the same key is put into the trail: a stolen key must not fill it. */
const refusalMs = 10 * minute;
const refusalsKept = 1_000;

const chainOf = (panelId: string): string => activeKey({ panelId, kind: 'panel', serviceId: 'keys' });

const identityOf = (key: PanelKey & { panelName: string }): Identity => ({
  panelId: key.panelId,
  panelName: key.panelName,
  keyId: key.id,
  scopes: key.scopes,
  expiresAt: key.expiresAt,
});

const unauthenticated = (code: string, message: string) => new AppError('unauthenticated', code, message);

/** Panels and their keys. */
export const createPanels = ({
  db,
  pepper,
  clock,
  log,
  operations: { transaction, trail },
}: {
  db: Database;
  pepper: string;
  clock: Clock;
  log: Log;
  operations: Pick<Operations, 'transaction' | 'trail'>;
}) => {
  const noted = new Map<string, number>();
  const refused = new Map<string, number>();
  const cache = createKeyCache(clock, async (id) => {
    const key = await store.findKeyWithPanel(db.knex, id);
    return key && { key, at: await db.now() };
  });
  // Compared against when there is no such key, so that an unknown id takes as long as a wrong secret.
  const nobody = macOf(pepper, 'nobody', 'nothing');

  const noteUse = (keyId: string, now: number): void => {
    const last = noted.get(keyId);
    if (last !== undefined && now - last < minute) return;
    noted.set(keyId, now);
    store.noteUse(db.knex, keyId, now, now - minute).catch((error: unknown) => {
      log.debug({ key: keyId, err: error }, 'Could not note the use of a key');
    });
  };

  /**
   * Finds out who holds a key. Errors: `unauthenticated`, `key_expired`,
   * `key_revoked` (all 401). An outage of the database is thrown as it is: it is
   * never taken for a wrong key. What another process changed of a key is seen within a second: see `createKeyCache`.
   */
  const authenticate = async (text: string | undefined): Promise<Identity> => {
    const parts = text === undefined ? null : parseKey(text);
    if (!parts) {
      throw unauthenticated('unauthenticated', 'Send a key: Authorization: Bearer pvr_<keyid>_<secret>');
    }
    const known = await cache.find(parts.id);
    const good = macEquals(known?.key.secretMac ?? nobody, macOf(pepper, parts.id, parts.secret));
    if (!known || !good) throw unauthenticated('unauthenticated', 'This key is not known.');
    const { key, now } = known;
    if (key.revokedAt !== null) throw unauthenticated('key_revoked', 'This key has been revoked.');
    if (key.expiresAt !== null && key.expiresAt <= now) throw unauthenticated('key_expired', 'This key has expired.');
    noteUse(key.id, now);
    return identityOf(key);
  };

  /** Who holds the key of this id, as the database says now. For calls that have been authenticated. */
  const identify = async (keyId: string): Promise<Identity> => {
    const key = await store.findKeyWithPanel(db.knex, keyId);
    if (!key) throw unauthenticated('unauthenticated', 'This key is not known.');
    return identityOf(key);
  };

  /** Puts into the trail what became of a panel or of its keys. All of it is done by the operator, from a shell. */
  const note = async (tx: Tx, panelId: string, action: string, details: Record<string, unknown>): Promise<void> => {
    await trail.append(tx, {
      chain: chainOf(panelId),
      at: await db.now(tx),
      actor: 'cli',
      action,
      outcome: 'done',
      details,
      requestId: null,
    });
  };

  /** False when it is there already: a transaction is run again when the answer to its commit was lost. */
  const put = async (tx: Tx, key: PanelKey): Promise<boolean> => {
    const known = await store.findKey(tx, key.id);
    if (known && macEquals(known.secretMac, key.secretMac)) return false;
    await store.insertKey(tx, key);
    await note(tx, key.panelId, 'key.create', { key_id: key.id, scopes: key.scopes, expires_at: key.expiresAt });
    return true;
  };

  const make = (
    panelId: string,
    wish: { scopes?: readonly Scope[]; expiresAt?: number | null },
    now: number,
  ): { key: PanelKey; text: string } => {
    const made = makeKey();
    const key: PanelKey = {
      id: made.id,
      panelId,
      secretMac: macOf(pepper, made.id, made.secret),
      scopes: [...(wish.scopes ?? panelScopes)],
      createdAt: now,
      expiresAt: wish.expiresAt ?? null,
      revokedAt: null,
      lastUsedAt: null,
    };
    return { key, text: made.text };
  };

  const issue = async (
    panelId: string,
    wish: { scopes?: readonly Scope[]; expiresAt?: number | null },
  ): Promise<{ key: PanelKey; text: string }> => {
    const made = make(panelId, wish, await db.now());
    await transaction((tx) => put(tx, made.key));
    return made;
  };

  const requirePanel = async (name: string): Promise<store.Panel> => {
    const panel = await store.findPanelByName(db.knex, name);
    if (!panel) throw new AppError('not_found', 'not_found', `There is no panel "${name}".`);
    return panel;
  };

  const requireKey = async (id: string): Promise<PanelKey> => {
    const key = await store.findKey(db.knex, id);
    if (!key) throw new AppError('not_found', 'not_found', `There is no key "${id}".`);
    return key;
  };

  /** Puts into the trail that a good key was used for what it may not do. Losing one is no harm to anybody. */
  const noteRefusal = async (
    of: { panelId: string; keyId: string },
    call: string,
    requestId: string,
  ): Promise<void> => {
    const now = await db.now();
    const same = `${of.keyId} ${call}`;
    const last = refused.get(same);
    if (last !== undefined && now - last < refusalMs) return;
    if (refused.size >= refusalsKept) refused.clear();
    refused.set(same, now);
    await transaction((tx) =>
      trail.append(tx, {
        chain: chainOf(of.panelId),
        at: now,
        actor: of.keyId,
        action: call,
        outcome: 'refused',
        details: { code: 'scope_missing' },
        requestId,
      }),
    );
  };

  return {
    authenticate,
    identify,
    noteRefusal,
    list: () => store.listPanels(db.knex),
    /** Null when there is no such panel. */
    nameOf: (queries: Queries, id: string) => store.findPanelName(queries, id),
    require: requirePanel,
    /** Errors: `invalid_request` when the name is taken. */
    create: async (name: string): Promise<store.Panel> => {
      const panel = { id: newId(), name, createdAt: await db.now() };
      try {
        await db.transaction(async (tx) => {
          // As with keys: it may have been committed before.
          if ((await store.findPanelByName(tx, name))?.id === panel.id) return;
          await store.insertPanel(tx, panel);
          await note(tx, panel.id, 'panel.create', { name });
        });
      } catch (error) {
        if (isUniqueViolation(error))
          throw new AppError('invalid', 'invalid_request', `There is a panel "${name}" already.`);
        throw error;
      }
      return panel;
    },
    listKeys: (panelId: string) => store.listKeys(db.knex, panelId),
    /** Makes a key. Its text is in the answer and nowhere else, ever again. */
    issue,
    /** Makes a key with the same scopes; the old one lives on for `overlapMs`, so that the panel can be changed over at leisure. */
    rotate: async (keyId: string, overlapMs: number): Promise<{ key: PanelKey; text: string }> => {
      const old = await requireKey(keyId);
      const now = await db.now();
      if (old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now)) {
        throw new AppError(
          'invalid',
          'invalid_request',
          `The key "${keyId}" is not in use any more; make a new one instead.`,
        );
      }
      const fresh = make(old.panelId, { scopes: old.scopes }, now);
      await transaction(async (tx) => {
        if (!(await put(tx, fresh.key))) return;
        await store.expireKey(tx, keyId, now + overlapMs);
        await note(tx, old.panelId, 'key.rotate', { key_id: keyId, by: fresh.key.id, until: now + overlapMs });
      });
      cache.forget(keyId);
      return fresh;
    },
    /** Ends a key at once. Repeating it is harmless. */
    revoke: async (keyId: string): Promise<void> => {
      const { panelId } = await requireKey(keyId);
      await transaction(async (tx) => {
        if (await store.revokeKey(tx, keyId, await db.now(tx)))
          await note(tx, panelId, 'key.revoke', { key_id: keyId });
      });
      cache.forget(keyId);
    },
  };
};

export type Panels = ReturnType<typeof createPanels>;
