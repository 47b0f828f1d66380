/**
 * Another control plane as a source of configuration: it serves its objects over discovery, by kind. What it has
 * sent stays in force while it is away; when it is back, only what differs is sent.
 */

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Backoff, type BackoffTimes } from '../../base/backoff.ts';
import { MeshError } from '../../base/mesh-error.ts';
import type { AdmissionOptions, Rejection } from '../../config/admission.ts';
import type { MeshObject } from '../../config/object.ts';
import type { ChangeSet, ConfigSource } from '../../config/sources/source.ts';
import type { KindInfo } from '../../api/kind-info.ts';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '../../xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { configType } from '../config-service/types.ts';
import { type ConnectionTimes, openStream, type UpstreamConnection } from './connection.ts';
import { UpstreamKind } from './kind.ts';

export interface UpstreamTimes extends ConnectionTimes {
  readonly retry: BackoffTimes;
}

export interface XdsSourceOptions extends AdmissionOptions {
  /** Kinds that are asked for. */
  readonly kinds: readonly KindInfo[];
  /** Who reads, as it stands in the lineage of what it serves itself. */
  readonly id?: string;
  readonly times?: UpstreamTimes;
}

const TIMES: UpstreamTimes = { retry: { first: 500, max: 30_000 }, connect: 20_000, ping: 20_000 };
const NOTHING: ChangeSet = { changed: [], removed: [] };

export class XdsSource implements ConfigSource {
  readonly name: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #times: UpstreamTimes;
  readonly #kinds: ReadonlyMap<string, UpstreamKind>;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  readonly #rootNamespace: string;
  readonly #id: string | undefined;
  #lineage: readonly string[] = [];
  readonly #complete = Promise.withResolvers<void>();
  #connection: UpstreamConnection | undefined;
  #note: string | undefined;
  #isStarted = false;
  #onChange: (change: ChangeSet) => void = () => {};

  constructor(target: { readonly host: string; readonly port: number }, options: XdsSourceOptions) {
    this.name = `xds://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
    this.#target = target;
    this.#times = options.times ?? TIMES;
    this.#backoff = new Backoff(this.#times.retry);
    this.#rootNamespace = options.rootNamespace;
    this.#id = options.id;
    this.#kinds = new Map(
      options.kinds.map((info) => [configType(info), new UpstreamKind(configType(info), this.name, options)]),
    );
  }

  get objects(): readonly MeshObject[] {
    return [...this.#kinds.values()].flatMap(({ objects }) => objects);
  }

  get rejections(): readonly Rejection[] {
    return [...this.#kinds.values()].flatMap(({ rejections }) => rejections);
  }

  /** The controllers that the other side's configuration comes from, its own first. */
  get lineage(): readonly string[] {
    return this.#lineage;
  }

  get notes(): readonly string[] {
    return this.#note === undefined ? [] : [this.#note];
  }

  /** Waits, however long the other side is away, until it has told of every kind. */
  async start(onChange: (change: ChangeSet) => void): Promise<void> {
    this.#onChange = onChange;
    void this.#follow();
    await this.#complete.promise;
    this.#isStarted = true;
  }

  stop(): void {
    this.#stopping.abort();
    this.#connection?.close();
    this.#onChange = () => {};
    this.#complete.resolve();
  }

  /** Connects, and connects again. */
  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const reason = await this.#oneConnection();
      if (signal.aborted) return;
      this.#tell(
        `${this.name} cannot be read: ${reason}. What it sent before stays in force; it is tried again.`,
      );
      await this.#backoff.pause(signal);
    }
  }

  /** Resolves with why it has ended. */
  async #oneConnection(): Promise<string> {
    const ended = Promise.withResolvers<string>();
    let work = Promise.resolve();
    const connection = openStream(this.#target, this.#times, {
      message: (bytes) => {
        // One after another: what comes later builds on what came before.
        work = work
          .then(() => this.#take(connection, bytes))
          .catch((error: unknown) => {
            connection.close();
            ended.resolve(error instanceof Error ? error.message : String(error));
          });
      },
      ended: ended.resolve,
    });
    this.#connection = connection;
    const node = { id: nodeId(this.#rootNamespace), metadata: { GENERATOR: 'api' } };
    for (const [index, [typeUrl, kind]] of [...this.#kinds].entries()) {
      const initialResourceVersions = Object.fromEntries(kind.versions);
      send(connection, { ...(index === 0 && { node }), typeUrl, initialResourceVersions });
    }
    const reason = await ended.promise;
    await work;
    return reason;
  }

  async #take(connection: UpstreamConnection, bytes: Buffer): Promise<void> {
    let response: DeltaDiscoveryResponse;
    try {
      response = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    } catch (error) {
      throw new MeshError('BadConfigResponse', `a response cannot be read: ${(error as Error).message}`);
    }
    const { typeUrl, nonce } = response;
    this.#lineage = readLineage(response.controlPlane?.identifier ?? '');
    if (this.#id !== undefined && this.#lineage.includes(this.#id)) {
      throw new MeshError(
        'CircularConfig',
        'it reads its own configuration from this controller, itself or through others, and nothing would ever ' +
          'be gone that goes in a circle. Take one --config xds://… away',
      );
    }
    const kind = this.#kinds.get(typeUrl);
    if (kind === undefined) return;
    const { change, errors, isRejectionChanged } = await kind.take(response);
    send(connection, {
      typeUrl,
      responseNonce: nonce,
      ...(errors.length > 0 && { errorDetail: { code: INVALID_ARGUMENT, message: errors.join('; ') } }),
    });
    this.#backoff.reset();
    const hadNote = this.#note !== undefined;
    this.#note = undefined;
    if ([...this.#kinds.values()].every(({ isKnown }) => isKnown)) this.#complete.resolve();
    const isNews = change.changed.length + change.removed.length > 0 || isRejectionChanged || hadNote;
    if (this.#isStarted && isNews) this.#onChange(change);
  }

  #tell(note: string): void {
    if (this.#note === note) return;
    this.#note = note;
    this.#onChange(NOTHING);
  }
}

/** Begins the ids of controllers: other control planes say something else of themselves. */
const ID_PREFIX = 'mesh-controller:';
/** Controllers in a row. */
const MAX_LINEAGE = 64;

/** An id of one run of a controller. */
export function controllerId(): string {
  return `${ID_PREFIX}${randomUUID()}`;
}

function readLineage(identifier: string): readonly string[] {
  return identifier
    .split(' ')
    .filter((id) => id.startsWith(ID_PREFIX))
    .slice(0, MAX_LINEAGE);
}

/** `google.rpc.Code`. */
const INVALID_ARGUMENT = 3;

function send(
  connection: UpstreamConnection,
  request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>,
): void {
  connection.send(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request)));
}

/** Who asks, in the form of a proxy's id. */
function nodeId(namespace: string): string {
  return `sidecar~127.0.0.1~${hostname()}-${process.pid}.${namespace}~${namespace}.svc.cluster.local`;
}
