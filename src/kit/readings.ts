/** What is read of a whole installation when somebody asks for its figures. */
export interface Readings {
  /** Release, and what it works with: words that never change while the process runs. */
  build: Record<string, string>;
  /** Operations that this process runs at a time. */
  slots: number;
  /** Operations that run in this process now. */
  running(): number;
  /** Whether this process takes requests and work. */
  accepting(): boolean;
  connections(): { used: number; free: number; waiting: number; most: number };
  breakers(): { provider: string; open: boolean }[];
  /** Asks the database. Errors: its own. */
  backlog(): Promise<{
    active: { kind: string; state: string; count: number }[];
    due: { count: number; oldestMs: number };
    outboxMs: number;
  }>;
}

/** An answer to Prometheus. */
export interface MetricsPage {
  type: string;
  body: string;
}
