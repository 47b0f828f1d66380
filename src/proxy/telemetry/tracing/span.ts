/** What is told of one request to a collector of traces. */

export interface Span {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string;
  /** The caller has told of its span. */
  readonly continues: boolean;
  /** `tracestate`, as the caller told it. */
  readonly traceState: string;
  readonly kind: 'client' | 'server';
  readonly name: string;
  /** Milliseconds since 1970, with a fraction. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly tags: readonly (readonly [name: string, value: string])[];
  /** Of the answer; 0 without one. */
  readonly httpStatus: number;
  /** Undefined for what is no gRPC. */
  readonly grpcStatus: number | undefined;
}

/** Gathers spans and sends them. */
export interface SpanExporter {
  add(span: Span): void;
  /** Sends what is there. */
  flush(): void;
  close(): void;
}
