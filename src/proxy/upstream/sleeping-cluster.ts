/**
 * A cluster that nobody has used yet. A controller sends many, of which few are used, and nearly all of them say the
 * same but for their names: one that says what another one says, which could be put into force, waits as bytes.
 */

import { fromBinary } from '@bufbuild/protobuf';
import {
  type Cluster as ClusterMessage,
  ClusterSchema,
} from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import {
  type CheckContents,
  type LeftOut,
  checkText,
  messageField,
  shapeOf,
  textField,
} from '../../xds/proto/wire-fields.ts';
import { checkMetadata } from '../../xds/proto/wire-metadata.ts';
import { checkWireTypes } from '../../xds/proto/wire-types.ts';
import { InvalidConfigError } from '../config-error.ts';
import type { Assignment } from './assignment.ts';
import { isSameMessage } from './same-message.ts';

/** Numbers of fields in `envoy/config/cluster/v3/cluster.proto` and `envoy/config/endpoint/v3/endpoint.proto`. */
const CLUSTER = { name: 1, edsClusterConfig: 3, metadata: 25, altStatName: 28, loadAssignment: 33 } as const;
const EDS_CLUSTER_CONFIG = { serviceName: 2 } as const;
const LOAD_ASSIGNMENT = { clusterName: 1 } as const;

/** What says nothing about whether a cluster can be put into force. */
const NAMES: LeftOut = new Map<number, LeftOut | CheckContents>([
  [CLUSTER.name, checkText],
  [CLUSTER.altStatName, checkText],
  [CLUSTER.metadata, checkMetadata],
  [CLUSTER.edsClusterConfig, new Map([[EDS_CLUSTER_CONFIG.serviceName, checkText]])],
  [CLUSTER.loadAssignment, new Map([[LOAD_ASSIGNMENT.clusterName, checkText]])],
]);

/** Shapes that are remembered at most; a mesh has a few dozen. */
const MAX_SHAPES = 1_000;

/** What all clusters of a shape have in common. */
export interface ClusterShape {
  /** Where their endpoints come from; undefined when they stand in the cluster. */
  readonly edsConfig: ConfigSource | undefined;
}

/** The shapes of clusters that could be put into force, and that do nothing before they are used. */
export class ClusterShapes {
  readonly #known = new Map<string, ClusterShape>();

  /**
   * Undefined for one that is unlike all others. Throws for bytes that are no cluster, of a known shape or of one that others
   * could not be told by.
   */
  find(encoded: Uint8Array): ClusterShape | undefined {
    const known = this.#known.get(shapeOf(encoded, NAMES));
    if (known === undefined) checkWireTypes(ClusterSchema, encoded, NAMES);
    return known;
  }

  add(encoded: Uint8Array, shape: ClusterShape): void {
    if (this.#known.size >= MAX_SHAPES) this.#known.clear();
    this.#known.set(shapeOf(encoded, NAMES), shape);
  }
}

export class SleepingCluster {
  readonly name: string;
  /** The name that endpoints are assigned under; undefined when they do not come by EDS. */
  readonly edsName: string | undefined;
  readonly #encoded: Uint8Array;
  #warm: PromiseWithResolvers<void> | undefined;
  #isWarm: boolean;
  #isAssigned = false;

  /** A cluster of that shape. Throws an `InvalidConfigError` for one without a name. */
  constructor(encoded: Uint8Array, { edsConfig }: ClusterShape) {
    // Copied into a slab that many share: what it stands in may be large, and would be kept with it.
    this.#encoded = Buffer.from(encoded);
    this.name = textField(encoded, CLUSTER.name);
    if (this.name === '') throw new InvalidConfigError('cluster.name', 'empty');
    const service = edsConfig === undefined ? undefined : messageField(encoded, CLUSTER.edsClusterConfig);
    const serviceName = service === undefined ? '' : textField(service, EDS_CLUSTER_CONFIG.serviceName);
    this.edsName = edsConfig === undefined ? undefined : serviceName === '' ? this.name : serviceName;
    this.#isWarm = edsConfig === undefined;
  }

  /** As it came. Decoded for each call. */
  get message(): ClusterMessage {
    return fromBinary(ClusterSchema, this.#encoded);
  }

  isMadeOf(encoded: Uint8Array): boolean {
    return isSameMessage(ClusterSchema, this.#encoded, encoded);
  }

  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** Resolves when the endpoints are known, or nobody waits for them any longer. */
  get warm(): Promise<void> {
    if (this.#isWarm) return Promise.resolve();
    return (this.#warm ??= Promise.withResolvers()).promise;
  }

  /** It has been assigned endpoints. */
  get isAssigned(): boolean {
    return this.#isAssigned;
  }

  start(): void {
    // What there is to start is started by what takes its place.
  }

  /** The manager keeps them. */
  assign(_assignment: Assignment): void {
    this.#isAssigned = true;
    this.warmWithout();
  }

  warmWithout(): void {
    this.#isWarm = true;
    this.#warm?.resolve();
    this.#warm = undefined;
  }

  /** It goes, or another one takes its place. */
  close(): void {
    this.warmWithout();
  }
}
