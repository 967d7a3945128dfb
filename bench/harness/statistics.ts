/** Medians with their spread. A mean would follow whatever else the machine did in one round. */

export interface Figure {
  median: number;
  min: number;
  max: number;
  rounds: number;
}

/** The value below which `share` of them lie. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) throw new Error('There is no quantile of nothing');
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
};

export const figureOf = (values: readonly number[]): Figure => ({
  median: quantile(values, 0.5),
  min: Math.min(...values),
  max: Math.max(...values),
  rounds: values.length,
});

/** The ratio of two things that were measured side by side: one ratio for each round, so that a slow round slows both. */
export const ratioOf = (over: readonly number[], under: readonly number[]): Figure => {
  if (over.length !== under.length) throw new Error('A ratio needs the same rounds on both sides');
  return figureOf(over.map((value, round) => value / under[round]!));
};
