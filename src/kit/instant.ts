/** A time in answers: RFC 3339, in UTC, to the millisecond. */
export const instant = (at: number): string => new Date(at).toISOString();
