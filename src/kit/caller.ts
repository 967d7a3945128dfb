/** Who asks, and under which request. Use cases get it first and act for its panel only. */
export interface Caller {
  panelId: string;
  /** The key's id, or `cli`, `engine`. It stands in the audit trail. */
  actor: string;
  requestId: string | null;
  /** The request's `Idempotency-Key`, when it sent one. */
  idempotencyKey?: string;
  /** W3C Trace Context of the request, when it is part of a trace. */
  traceparent?: string | null;
}
