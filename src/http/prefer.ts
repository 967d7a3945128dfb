/** Seconds of `Prefer: wait=N` (RFC 7240), at most 25; 0 when there is none or it cannot be read. */
export const waitSecondsOf = (prefer: string | undefined): number => {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?(?=$|[,;\s])/i.exec(prefer ?? '');
  return match ? Math.min(25, Number(match[1])) : 0;
};
