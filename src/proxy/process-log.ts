/** The log of the process: lines in Envoy's form, with a level for each part that can be changed while it runs. */

import type { LogFormat } from './bootstrap/bootstrap.ts';

/** From the most to the least. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The parts of the proxy that write, named as in Envoy. */
export const LOGGERS = [
  'admin',
  'config',
  'connection',
  'conn_handler',
  'dns',
  'file',
  'health_checker',
  'http',
  'http2',
  'main',
  'pool',
  'router',
  'runtime',
  'secret',
  'stats',
  'tracing',
  'upstream',
] as const;
export type LoggerName = (typeof LOGGERS)[number];

/** Writes lines of one part. */
export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
}

const DEFAULT_FORMAT = '[%Y-%m-%d %T.%e][%t][%l][%n] %v';

export class ProcessLog {
  readonly #levels: Map<LoggerName, LogLevel>;
  readonly #format: (entry: LogEntry) => string;
  readonly #write: (line: string) => void;

  constructor(level: LogLevel, write: (line: string) => void, format?: LogFormat) {
    this.#levels = new Map(LOGGERS.map((name) => [name, level]));
    this.#write = write;
    this.#format = formatter(format ?? { kind: 'text', format: DEFAULT_FORMAT });
  }

  get levels(): ReadonlyMap<LoggerName, LogLevel> {
    return this.#levels;
  }

  setLevel(level: LogLevel, name?: LoggerName): void {
    for (const one of name === undefined ? LOGGERS : [name]) this.#levels.set(one, level);
  }

  logger(name: LoggerName): Logger {
    const at = (level: LogLevel) => (message: string) => this.#log(name, level, message);
    return {
      trace: at('trace'),
      debug: at('debug'),
      info: at('info'),
      warning: at('warning'),
      error: at('error'),
      critical: at('critical'),
    };
  }

  #log(name: LoggerName, level: LogLevel, message: string): void {
    const least = this.#levels.get(name) ?? 'info';
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    this.#write(`${this.#format({ name, level, message, time: new Date() })}\n`);
  }
}

interface LogEntry {
  readonly name: LoggerName;
  readonly level: LogLevel;
  readonly message: string;
  readonly time: Date;
}

/** `%g:%#`, the place in the source of Envoy, has no counterpart. */
function formatter(format: LogFormat): (entry: LogEntry) => string {
  if (format.kind === 'text') return (entry) => filled(format.format, entry);
  return (entry) =>
    JSON.stringify(
      Object.fromEntries(
        Object.entries(format.fields).map(([key, value]) => [
          key,
          typeof value === 'string' ? filled(value, entry) : value,
        ]),
      ),
    );
}

/** https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-log-format */
function filled(format: string, { name, level, message, time }: LogEntry): string {
  const iso = time.toISOString();
  const parts: Readonly<Record<string, string>> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    T: iso.slice(11, 19),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    e: iso.slice(20, 23),
    f: `${iso.slice(20, 23)}000`,
    F: `${iso.slice(20, 23)}000000`,
    E: String(Math.floor(time.getTime() / 1000)),
    t: String(process.pid),
    P: String(process.pid),
    l: level,
    L: level.slice(0, 1).toUpperCase(),
    n: name,
    v: message,
    _: message,
    // Inside a JSON value, which is escaped as a whole.
    j: message,
    g: 'lateen',
    '#': '0',
    '%': '%',
  };
  return format.replaceAll(/%([A-Za-z#_%])/g, (whole, letter: string) => parts[letter] ?? whole);
}
