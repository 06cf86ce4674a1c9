/** What the rest of the gateway may know of a route: enough to name it in a log line. */
export interface RouteRef {
  /** The route's name in the configuration, or its path when it has none. */
  readonly name: string;
  /** The path as configured, with its placeholders: `/rooms/:id`. Never a request's path. */
  readonly pattern: string;
  /** The name of the action that answers it. */
  readonly action: string;
}
