/**
 * A proxy for tests, in either form of discovery: it asks for what its clusters and listeners refer to, keeps what
 * it has over its connections, and takes up where it was.
 */

import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';
import { DELTA, type Protocol } from '../../../src/controller/discovery/protocol.ts';
import type { DiscoveryServer } from '../../../src/controller/discovery/server.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../../../src/xds/resource.ts';
import { node } from './client.ts';

const TYPES = [CLUSTER_TYPE, LISTENER_TYPE, ENDPOINT_TYPE, ROUTE_TYPE];

/** What refers to resources of another type by its own names. */
const REFERRED: Readonly<Record<string, string>> = {
  [CLUSTER_TYPE]: ENDPOINT_TYPE,
  [LISTENER_TYPE]: ROUTE_TYPE,
};
const REFERRER: Readonly<Record<string, string>> = {
  [ENDPOINT_TYPE]: CLUSTER_TYPE,
  [ROUTE_TYPE]: LISTENER_TYPE,
};

interface Got {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly ProxyResource[];
  readonly removed: readonly string[];
}

interface ProxyResource {
  readonly name: string;
  readonly version: string;
  readonly value: Uint8Array;
}

/** A connection to a controller: opened with who hears of each message. */
export type Transport = (onMessage: (bytes: Buffer) => void) => {
  send(bytes: Buffer): void;
  close(): void;
};

/** To a discovery server in the same process, without a network. */
export function inMemory(server: DiscoveryServer, protocol: Protocol, servesSecrets = false): Transport {
  return (onMessage) => {
    let isOpen = true;
    const stream = server.open({ peer: 'memory', servesSecrets }, protocol, {
      write: (pieces, done) => {
        // What is on its way when the connection ends is lost.
        setImmediate(() => {
          if (isOpen) onMessage(Buffer.concat(pieces));
          done();
        });
      },
      refuse: (_reason, message) => {
        throw new Error(message);
      },
    });
    return {
      send: (bytes) => stream.receive(bytes),
      close: () => {
        isOpen = false;
        server.ended(stream);
      },
    };
  };
}

export interface ProxyOptions {
  readonly node?: { readonly id: string; readonly metadata: JsonObject };
  /** The names in a cluster or listener that it asks for; its own name when nothing else is said. */
  readonly references?: (typeUrl: string, value: Uint8Array, name: string) => readonly string[];
}

export class SimpleProxy {
  /** By type, and by name the versions of what it has. */
  readonly has = new Map<string, Map<string, string>>(TYPES.map((type) => [type, new Map()]));
  /** Types of which it refuses whatever it is sent. */
  readonly refuses = new Set<string>();
  /** All that came, as it came, when it is kept. */
  responses: Buffer[] | undefined;
  readonly #transport: Transport;
  readonly #protocol: Protocol;
  readonly #options: ProxyOptions;
  #connection: ReturnType<Transport> | undefined;
  /** By type: version and nonce of the last response, which requests of the state of the world repeat. */
  #last = new Map<string, { version: string; nonce: string }>();
  /** By type and name: what a cluster or listener asks for. */
  readonly #references = new Map<string, readonly string[]>();

  constructor(transport: Transport, protocol: Protocol, options: ProxyOptions = {}) {
    this.#transport = transport;
    this.#protocol = protocol;
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  connect(): void {
    const connection = this.#transport((bytes) => {
      if (this.#connection === connection) this.#take(bytes);
    });
    this.#connection = connection;
    this.#last = new Map();
    const self = this.#options.node ?? node();
    for (const type of TYPES) {
      const names = this.#wanted(type);
      if (REFERRER[type] !== undefined && names.length === 0) continue;
      if (this.#protocol === DELTA) {
        const initialResourceVersions = Object.fromEntries(this.#held(type));
        const first = { node: self, typeUrl: type, initialResourceVersions };
        this.#sendDelta({ ...first, resourceNamesSubscribe: names });
      } else this.#sendState(type, { node: self });
    }
  }

  drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #held(type: string): Map<string, string> {
    return this.has.get(type) ?? new Map<string, string>();
  }

  /** The names that are asked for; none for types of which all is asked for. */
  #wanted(type: string): string[] {
    const referrer = REFERRER[type];
    if (referrer === undefined) return [];
    const names = [...this.#held(referrer).keys()].flatMap((name) => this.#referred(referrer, name));
    return [...new Set(names)];
  }

  #referred(type: string, name: string): readonly string[] {
    return this.#references.get(`${type} ${name}`) ?? [];
  }

  #sendDelta(init: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): void {
    const request = create(DeltaDiscoveryRequestSchema, init);
    this.#connection?.send(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request)));
  }

  #sendState(typeUrl: string, more: Parameters<typeof create<typeof DiscoveryRequestSchema>>[1] = {}): void {
    const { version = '', nonce = '' } = this.#last.get(typeUrl) ?? {};
    const request = create(DiscoveryRequestSchema, {
      typeUrl,
      versionInfo: version,
      responseNonce: nonce,
      resourceNames: this.#wanted(typeUrl),
      ...more,
    });
    this.#connection?.send(Buffer.from(toBinary(DiscoveryRequestSchema, request)));
  }

  #take(bytes: Buffer): void {
    this.responses?.push(bytes);
    const got = this.#protocol === DELTA ? readDelta(bytes) : readState(bytes, this.has);
    const { typeUrl, nonce, version } = got;
    if (this.refuses.has(typeUrl)) {
      const errorDetail = { code: 3, message: 'it is refused' };
      this.#last.set(typeUrl, { version: this.#last.get(typeUrl)?.version ?? '', nonce });
      if (this.#protocol === DELTA) this.#sendDelta({ typeUrl, responseNonce: nonce, errorDetail });
      else this.#sendState(typeUrl, { errorDetail });
      return;
    }
    const before = new Set(REFERRED[typeUrl] === undefined ? [] : this.#wanted(REFERRED[typeUrl] ?? ''));
    this.#keep(got);
    this.#last.set(typeUrl, { version, nonce });
    if (this.#protocol === DELTA) this.#sendDelta({ typeUrl, responseNonce: nonce });
    else this.#sendState(typeUrl);
    this.#follow(got, before);
  }

  #keep({ typeUrl, resources, removed }: Got): void {
    const held = this.#held(typeUrl);
    const wanted = REFERRER[typeUrl] === undefined ? undefined : new Set(this.#wanted(typeUrl));
    const { references = (_type, _value, name) => [name] } = this.#options;
    for (const { name, version, value } of resources) {
      // What comes after its cluster has gone is of no use.
      if (wanted !== undefined && !wanted.has(name)) continue;
      held.set(name, version);
      if (REFERRED[typeUrl] !== undefined) {
        this.#references.set(`${typeUrl} ${name}`, references(typeUrl, value, name));
      }
    }
    for (const name of removed) {
      held.delete(name);
      this.#references.delete(`${typeUrl} ${name}`);
    }
  }

  /** As Envoy does: endpoints are wanted of the clusters that there are, and once more of those that changed. */
  #follow({ typeUrl, resources }: Got, before: ReadonlySet<string>): void {
    const referred = REFERRED[typeUrl];
    if (referred === undefined) return;
    const now = new Set(this.#wanted(referred));
    const gone = [...before].filter((name) => !now.has(name));
    for (const name of gone) this.#held(referred).delete(name);
    const changed = new Set(resources.flatMap(({ name }) => this.#referred(typeUrl, name)));
    if (changed.size === 0 && gone.length === 0) return;
    if (this.#protocol === DELTA) {
      this.#sendDelta({
        typeUrl: referred,
        resourceNamesSubscribe: [...changed],
        resourceNamesUnsubscribe: gone,
      });
    } else this.#sendState(referred);
  }
}

function readDelta(bytes: Buffer): Got {
  const message = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  const { typeUrl, systemVersionInfo, nonce, removedResources } = message;
  const resources = message.resources.map(({ name, version, resource }) => ({
    name,
    version,
    value: resource?.value ?? new Uint8Array(),
  }));
  return { typeUrl, version: systemVersionInfo, nonce, resources, removed: removedResources };
}

function readState(bytes: Buffer, has: ReadonlyMap<string, ReadonlyMap<string, string>>): Got {
  const { typeUrl, versionInfo, nonce, resources: list } = fromBinary(DiscoveryResponseSchema, bytes);
  const found = list.map(({ value }) => ({
    ...nameIn(typeUrl, value),
    version: hashOf(typeUrl, value),
    value,
  }));
  const resources = found.filter(({ isEmpty }) => !isEmpty);
  const names = new Set(resources.map(({ name }) => name));
  // Of these types the list is whole; of the others what is gone comes empty.
  const isWhole = REFERRER[typeUrl] === undefined;
  const removed = isWhole
    ? [...(has.get(typeUrl)?.keys() ?? [])].filter((name) => !names.has(name))
    : found.filter(({ isEmpty }) => isEmpty).map(({ name }) => name);
  return { typeUrl, version: versionInfo, nonce, resources, removed };
}

/** As the versions of resources in delta responses. */
function hashOf(typeUrl: string, value: Uint8Array): string {
  return createHash('sha256').update(typeUrl).update(value).digest('hex').slice(0, 16);
}

/** The name of a resource, and whether it is one that stands for a resource that does not exist. */
export function nameIn(typeUrl: string, value: Uint8Array): { name: string; isEmpty: boolean } {
  switch (typeUrl) {
    case CLUSTER_TYPE:
      return { name: fromBinary(ClusterSchema, value).name, isEmpty: false };
    case ENDPOINT_TYPE: {
      const { clusterName, endpoints } = fromBinary(ClusterLoadAssignmentSchema, value);
      return { name: clusterName, isEmpty: endpoints.length === 0 };
    }
    case ROUTE_TYPE: {
      const { name, virtualHosts } = fromBinary(RouteConfigurationSchema, value);
      return { name, isEmpty: virtualHosts.length === 0 };
    }
    default:
      return { name: fromBinary(ListenerSchema, value).name, isEmpty: false };
  }
}
