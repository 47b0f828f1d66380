/** Takes the spans that proxies send, as Zipkin and OpenTelemetry collectors do: JSON over HTTP, protobuf over HTTP and gRPC. */

import { createServer } from 'node:http';
import { type ServerHttp2Stream, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type OtlpResource, readOtlp } from './otlp.ts';

/** A span in Zipkin's second format, or one of OpenTelemetry with the same names where they mean the same. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly name: string;
  readonly shared?: boolean;
  /** Microseconds since 1970, and how many. */
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint?: Readonly<Record<string, unknown>>;
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[];
  readonly tags: Readonly<Record<string, string>>;
  /** What else OpenTelemetry says of it. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A report: how it came, and what of it is no span. */
export interface Report {
  readonly path: string;
  readonly contentType: string;
  readonly authority: string;
  readonly resource?: OtlpResource['resource'];
}

export class SpanCollector {
  readonly spans: CollectedSpan[] = [];
  readonly reports: Report[] = [];
  readonly ports = { http: 0, grpc: 0 };
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<SpanCollector> {
    const collector = new SpanCollector();
    const http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const contentType = request.headers['content-type'] ?? '';
        const report = { path: request.url ?? '', contentType, authority: request.headers.host ?? '' };
        const body = Buffer.concat(chunks);
        if (contentType === 'application/json') collector.#takeZipkin(report, body);
        else collector.#takeOtlp(report, body);
        response.writeHead(202).end();
      });
    });
    const grpc = createHttp2Server();
    grpc.on('stream', (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const report = {
          path: String(headers[':path']),
          contentType: String(headers['content-type']),
          authority: String(headers[':authority']),
        };
        collector.#takeOtlp(report, Buffer.concat(chunks).subarray(5));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        // An empty answer.
        stream.end(Buffer.alloc(5));
      });
    });
    collector.ports.http = await collector.#listen(http);
    collector.ports.grpc = await collector.#listen(grpc as unknown as Server);
    return collector;
  }

  async #listen(server: Server): Promise<number> {
    this.#servers.push(server);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  #takeZipkin(report: Report, body: Buffer): void {
    this.reports.push(report);
    this.spans.push(...(JSON.parse(body.toString('utf8')) as CollectedSpan[]));
  }

  #takeOtlp(report: Report, body: Buffer): void {
    for (const { resource, spans } of readOtlp(body)) {
      this.reports.push({ ...report, resource });
      this.spans.push(...spans);
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((one) => new Promise((resolve) => one.close(resolve))));
  }
}
