/** What the courier is asked and what it answers, as JSON. */

export interface Errand {
  /** Address and port to connect to; for HTTP/1.1 a Unix domain socket too, as `unix:///path`. */
  readonly to: string;
  readonly protocol?: 'http' | 'http2' | 'https' | 'tcp' | 'tls';
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Name that a TLS connection asks for. */
  readonly serverName?: string;
  /** The newest version of TLS that it speaks. */
  readonly newestTls?: 'TLSv1.2' | 'TLSv1.3';
  /** The oldest. */
  readonly oldestTls?: 'TLSv1.2' | 'TLSv1.3';
  /** Schemes of signatures that a TLS client takes, as OpenSSL names them: which certificates it can check. */
  readonly signatures?: string;
  /** Protocols that a TLS client offers; HTTP/1.1 is spoken whichever is taken. */
  readonly applicationProtocols?: readonly string[];
  /** Of `tcp`: the connection is left alone until the other side closes it. */
  readonly holds?: boolean;
  /** Files of the certificate that it shows. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Address that it comes from. */
  readonly from?: string;
  /** Milliseconds. */
  readonly timeout?: number;
}

export interface Errands {
  readonly errand: Errand;
  /** How often, one after another; or so many at once. */
  readonly times?: number;
  readonly atOnce?: number;
  /** After so many outcomes backends hold no answers any more, until all outcomes are there. */
  readonly releaseAfter?: number;
}

/** What a backend says that it was asked. */
export interface Echo {
  readonly ip: string;
  readonly port: number;
  readonly from: string;
  /** With the address, which connection it was. */
  readonly fromPort: number;
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The names of all headers, as they were written. */
  readonly names: readonly string[];
  readonly body: string;
  /** When it was whole, in milliseconds of the backends' clock. */
  readonly at: number;
  /** Of HTTP/2: how often the connection was asked by PING whether anybody is there. */
  readonly pings?: number;
  /** Of a TLS connection: the name that was asked for, the subject of the client's certificate, the cipher suite. */
  readonly serverName?: string;
  readonly client?: string;
  readonly cipher?: string;
}

export interface Outcome {
  /** Of HTTP; 0 where the connection was closed or none was had. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly trailers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Of HTTPS: the subject of the certificate that the server showed. */
  readonly certificate?: string;
  /** What a backend of the test's own answered. */
  readonly echo?: Echo;
  readonly error?: string;
  /** Milliseconds. */
  readonly took: number;
}

/** Ports on which the courier's backends listen, at every address. */
export const BACKEND_PORTS = {
  http: 8080,
  http2: 8082,
  tls: 8443,
  /** TLS 1.2, with keys exchanged over P-384 alone. */
  olderTls: 8444,
  tcp: 9000,
  greeting: 9001,
  /** A forward proxy. */
  forward: 8084,
} as const;
