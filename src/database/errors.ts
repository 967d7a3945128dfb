/**
 * What an error from either driver means. MySQL and MariaDB tell by `errno`,
 * SQLite by an extended result code, a broken network by Node's `code`.
 */

// A provider's refused connection looks just like the database's. Only errors
// that came out of a database connection are remembered here.
const fromDatabase = new WeakSet<object>();

/** Remembers that this error came from the database. Used by the code that talks to the driver. */
export const markDatabaseError = (error: unknown): void => {
  if (typeof error === 'object' && error !== null) fromDatabase.add(error);
};

interface DriverError {
  name?: unknown;
  code?: unknown;
  errno?: unknown;
  errcode?: unknown;
  syscall?: unknown;
  fatal?: unknown;
}

const fields = (error: unknown): DriverError =>
  typeof error === 'object' && error !== null ? (error as DriverError) : {};

const mysqlError = (error: unknown, numbers: ReadonlySet<number>): boolean => {
  const { errno } = fields(error);
  return typeof errno === 'number' && numbers.has(errno);
};

const sqliteCode = (error: unknown): number | undefined => {
  const { code, errcode } = fields(error);
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : undefined;
};

/** The low byte of an extended result code is the family it belongs to. */
const sqliteFamily = (error: unknown, families: ReadonlySet<number>): boolean => {
  const code = sqliteCode(error);
  return code !== undefined && families.has(code & 0xff);
};

const sqliteUnique: ReadonlySet<number> = new Set([1555, 2067, 2579]); // PRIMARYKEY, UNIQUE, ROWID
const sqliteBusy: ReadonlySet<number> = new Set([5, 6]); // BUSY, LOCKED
const sqliteDown: ReadonlySet<number> = new Set([7, 8, 10, 11, 13, 14, 26]); // NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB

const mysqlConflict: ReadonlySet<number> = new Set([
  1020, // record changed since it was read (snapshot isolation of MariaDB 11)
  1205, // lock wait time-out, also of wsrep_sync_wait
  1213, // deadlock; on Galera a certification conflict, also at COMMIT
  1317, // interrupted, which is how Galera's brute-force abort sometimes shows
  3101, // rolled back during commit by group replication
]);

const mysqlLost: ReadonlySet<number> = new Set([
  1053, // server shutdown in progress
  1158, // network errors that the server saw
  1159,
  1160,
  1161,
  1927, // connection was killed
  3169, // session was killed
  4031, // closed for inactivity
]);

const mysqlDown: ReadonlySet<number> = new Set([
  1021, // disk full
  1040, // too many connections, by server, user or resource
  1203,
  1226,
  1044, // access denied: to the database, by password, by host
  1045,
  1129,
  1130,
  1698,
  1047, // a Galera node that has left the cluster's majority
  1049, // no such database
  1114, // table or tablespace full
  1290, // read-only: a demoted primary
  1836,
]);

const networkLost: ReadonlySet<unknown> = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNRESET',
  'ECONNABORTED',
  'ENETRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

const isLostConnection = (error: unknown): boolean => {
  if (mysqlError(error, mysqlLost)) return true;
  if (!fromDatabase.has(error as object)) return false;
  const { code, syscall, fatal } = fields(error);
  // mysql2 gives no code to a command that found its connection already closed.
  return (networkLost.has(code) && syscall !== 'connect') || (fatal === true && code === undefined);
};

/** Whether a row with the same key is there already (1062; SQLite's UNIQUE, PRIMARY KEY and rowid). */
export const isUniqueViolation = (error: unknown): boolean =>
  fields(error).errno === 1062 || sqliteUnique.has(sqliteCode(error) ?? 0);

/** Whether a CHECK constraint refused the row (3819 on MySQL, 4025 on MariaDB, 275 on SQLite). */
export const isCheckViolation = (error: unknown): boolean => {
  const { errno } = fields(error);
  return errno === 3819 || errno === 4025 || sqliteCode(error) === 275;
};

/** Whether the same transaction may succeed when it runs again now: conflicts, lock time-outs, a lost connection. */
export const isRetryable = (error: unknown): boolean =>
  mysqlError(error, mysqlConflict) || sqliteFamily(error, sqliteBusy) || isLostConnection(error);

/** Whether the server has ended the transaction by itself, so that its connection is clean. */
export const isConflict = (error: unknown): boolean => mysqlError(error, mysqlConflict);

/** Whether the file is locked by another process. */
export const isBusy = (error: unknown): boolean => sqliteFamily(error, sqliteBusy);

/**
 * Whether the database cannot serve at all just now: not reachable, no connection to be had, access denied,
 * shutting down, read-only, or its disk is full or broken. A caller answers 503 and is asked to come again.
 */
export const isDatabaseDown = (error: unknown): boolean => {
  if (isLostConnection(error) || mysqlError(error, mysqlDown) || sqliteFamily(error, sqliteDown)) return true;
  if (!fromDatabase.has(error as object)) return false;
  const { name, syscall, fatal } = fields(error);
  // mysql2 marks as fatal whatever cost it the connection: refused, name not found, a failed handshake.
  return name === 'KnexTimeoutError' || name === 'TimeoutError' || fatal === true || syscall === 'connect';
};
