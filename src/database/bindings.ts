/**
 * The values that a query may carry, the same on both databases. A driver left
 * to itself writes a Date in its own text form, an object as SQL, and undefined
 * as NULL on one database only.
 */
export const checkBindings = (bindings: readonly unknown[]): unknown[] => bindings.map(checkBinding);

const checkBinding = (value: unknown): unknown => {
  if (value === null) return value;
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'object':
      if (Buffer.isBuffer(value)) return value;
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      break;
  }
  throw new TypeError(`A query cannot carry ${describe(value)}; convert it first`);
};

const describe = (value: unknown): string => {
  if (value instanceof Date) return 'a Date (store epoch milliseconds)';
  if (typeof value === 'object') return 'an object (store JSON text)';
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
};
