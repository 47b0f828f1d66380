/** What the agent needs of whatever handles connections: Envoy, or the builtin proxy, each as a child process. */

export interface Engine {
  /** As messages call it. */
  readonly title: string;
  /** Starts it from a bootstrap. Throws a `MeshError` when there is no such program. */
  start(bootstrapFile: string): Promise<RunningEngine>;
}

export interface RunningEngine {
  /** When it has ended, for whatever reason; never rejects. */
  readonly exited: Promise<EngineExit>;
  /** Whether it is so far that it answers at all. */
  answers(): Promise<boolean>;
  /** Whether it has its configuration and handles connections, and if not, why. */
  ready(): Promise<Readiness>;
  /** Asks it to close its listeners, those for what comes in alone or all, while it goes on with what is open. */
  drain(options: DrainOptions): Promise<void>;
  /** Connections that are open; undefined when it does not say. */
  activeConnections(): Promise<number | undefined>;
  /** Passes a signal on. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it, by force when it takes too long, and waits until it is gone. */
  stop(): Promise<void>;
}

export interface DrainOptions {
  readonly inboundOnly: boolean;
}

export interface EngineExit {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** What it said last, for messages: its errors, or its last line. */
  readonly lastWords: string;
}

export type Readiness = { readonly isReady: true } | { readonly isReady: false; readonly reason: string };

/** `code 1`, `signal SIGKILL`. */
export function exitText({ code, signal }: EngineExit): string {
  return signal === undefined ? `code ${code ?? 0}` : `signal ${signal}`;
}
