/** A question to the gateway's process, over Node's IPC channel. */
export interface Question {
  readonly id: number;
  readonly ask: 'start' | 'state' | 'collectedState' | 'newCoverage' | 'stop';
  readonly argument?: unknown;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export interface StartArguments {
  readonly upstream: { readonly plainPort: number; readonly tlsPort: number; readonly caFile: string };
  readonly certFile: string;
  readonly keyFile: string;
  readonly watchCoverage: boolean;
}

export interface GatewayPorts {
  readonly plainPort: number;
  readonly tlsPort: number;
  /** Expects a PROXY header. */
  readonly proxyPort: number;
}

export interface GatewayState {
  readonly connections: number;
  readonly pendingHandshakes: number;
  /** Of the whole process, listening ones included. */
  readonly sockets: number;
  readonly timers: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** What must never happen and did, since the last question. */
  readonly complaints: readonly string[];
  /** How often each cause, status and warning came. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What was executed for the first time. */
export interface CoverageNews {
  readonly newBytes: number;
  readonly coveredBytes: number;
  readonly totalBytes: number;
}
