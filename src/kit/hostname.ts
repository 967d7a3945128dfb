const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Whether `name` is a host name as we hold them: lower-case A-labels without a trailing dot. */
export const isHostname = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((part) => label.test(part));
