/** What is told of one request to a collector of traces. */

export interface Span {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string;
  /** The caller has a span of the same id. */
  readonly shared: boolean;
  readonly kind: 'client' | 'server';
  readonly name: string;
  /** Milliseconds since 1970, with a fraction. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly tags: readonly (readonly [name: string, value: string])[];
  readonly isError: boolean;
}

/** Gathers spans and sends them. */
export interface SpanExporter {
  add(span: Span): void;
  /** Sends what is there. */
  flush(): void;
  close(): void;
}
