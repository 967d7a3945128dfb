/** The part of a structured logger that this project uses; pino is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Whether somebody reads that level; where it is not there, somebody may. */
  isLevelEnabled?(level: string): boolean;
}
