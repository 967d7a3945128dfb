/** What an adapter's factory returns: the port, and what to run while this process serves. */
export interface Adapter<Port> {
  readonly port: Port;
  /** Opens listeners and connections. Errors: a sentence that says what to change. */
  open?(): Promise<void>;
  /** Ends what `open` began, letting answers under way finish. May be called twice. */
  close?(): Promise<void>;
}
