/** The two forms of the discovery protocol, as the client speaks them. */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Node } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
  type Resource,
  ResourceSchema,
} from '../../xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { milliseconds } from '../config-error.ts';
import { type RawResource, resourceName } from './resource-types.ts';

/** What a request says, in either form; each uses what it has a field for. */
export interface RequestParts {
  readonly node: Node | undefined;
  readonly typeUrl: string;
  readonly nonce: string;
  /** What is wrong with the response of that nonce. */
  readonly error: string | undefined;
  /** Of the last response that was taken. */
  readonly version: string;
  /** All names that are wanted; none for all resources. */
  readonly names: readonly string[];
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: Readonly<Record<string, string>>;
}

export interface ResponseParts {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
  /** Resources that have no name, or are none. */
  readonly unreadable: number;
}

export interface ReceivedResource extends RawResource {
  /** Milliseconds after which the resource is gone unless it comes again; 0 for never. */
  readonly ttl: number;
}

export interface Protocol {
  readonly name: 'delta' | 'state-of-the-world';
  /** Whether what a response does not name is gone (for the types whose list is whole). */
  readonly isWhole: boolean;
  request(parts: RequestParts): Uint8Array;
  /** Throws an `Error` for what is no response. */
  response(bytes: Uint8Array): ResponseParts;
}

/** https://grpc.io/docs/guides/status-codes/ */
const INVALID_ARGUMENT = 3;

function errorDetail(message: string | undefined): { code: number; message: string } | undefined {
  return message === undefined ? undefined : { code: INVALID_ARGUMENT, message };
}

export const DELTA: Protocol = {
  name: 'delta',
  isWhole: false,
  request({ node, typeUrl, nonce, error, subscribe, unsubscribe, initialVersions }) {
    const message = create(DeltaDiscoveryRequestSchema, {
      node,
      typeUrl,
      responseNonce: nonce,
      errorDetail: errorDetail(error),
      resourceNamesSubscribe: [...subscribe],
      resourceNamesUnsubscribe: [...unsubscribe],
      initialResourceVersions: { ...initialVersions },
    });
    return toBinary(DeltaDiscoveryRequestSchema, message);
  },
  response(bytes) {
    const message = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    const resources = message.resources.flatMap((one) => received(one, one.version) ?? []);
    return {
      typeUrl: message.typeUrl,
      nonce: message.nonce,
      version: message.systemVersionInfo,
      resources,
      removed: message.removedResources,
      unreadable: message.resources.length - resources.length,
    };
  },
};

export const STATE_OF_THE_WORLD: Protocol = {
  name: 'state-of-the-world',
  isWhole: true,
  request({ node, typeUrl, nonce, error, version, names }) {
    const message = create(DiscoveryRequestSchema, {
      node,
      typeUrl,
      versionInfo: version,
      responseNonce: nonce,
      errorDetail: errorDetail(error),
      resourceNames: [...names],
    });
    return toBinary(DiscoveryRequestSchema, message);
  },
  response(bytes) {
    return stateResponse(fromBinary(DiscoveryResponseSchema, bytes));
  },
};

/** A response of the state-of-the-world form, as files hold it too. */
export function stateResponse(message: {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly versionInfo: string;
  readonly resources: readonly Any[];
}): ResponseParts {
  const resources = message.resources.flatMap((any) => {
    const wrapped = unwrap(any);
    return wrapped === undefined ? [] : (received(wrapped, message.versionInfo) ?? []);
  });
  return {
    typeUrl: message.typeUrl,
    nonce: message.nonce,
    version: message.versionInfo,
    resources,
    removed: [],
    unreadable: message.resources.length - resources.length,
  };
}

/** In this form a resource stands alone, or inside the message that gives it a name and a time to live. */
function unwrap(any: Any): Resource | undefined {
  if (!any.typeUrl.endsWith('/envoy.service.discovery.v3.Resource')) {
    return create(ResourceSchema, { resource: any });
  }
  try {
    return anyUnpack(any, ResourceSchema);
  } catch {
    return undefined;
  }
}

function received({ name, resource, ttl }: Resource, version: string): ReceivedResource | undefined {
  const value = resource ?? create(AnySchema);
  const own = name !== '' ? name : resourceName(value);
  if (own === undefined) return undefined;
  return { name: own, version, value, ttl: milliseconds(ttl, 0) };
}
