/** The two forms of the discovery protocol: how requests are read and responses are written. */

import { create, fromBinary } from '@bufbuild/protobuf';
import type { Node } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { ClusterLoadAssignmentSchema } from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { RouteConfigurationSchema } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../../xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { ENDPOINT_TYPE, ROUTE_TYPE, type Resource } from '../../xds/resource.ts';
import type { EncodedResource } from './encoder.ts';
import { cutNames, type RequestNames } from './request-names.ts';
import { type TypeView, isWildcardType } from './view.ts';
import type { DueResources, Watch } from './watch.ts';
import { deltaResponse, type ResponseHead, stateResponse } from './wire.ts';

/** A request as both forms have it. */
export interface ProxyRequest {
  /** Only a stream's first request has to bring it. */
  readonly node: Node | undefined;
  readonly typeUrl: string;
  readonly nonce: string;
  /** What the proxy has against the response of that nonce. */
  readonly error: string | undefined;
  /** Takes what the request asks for. */
  apply(watch: Watch): void;
}

export interface Protocol {
  readonly name: 'state-of-the-world' | 'delta';
  /** `known` lends lists of names that have come before. */
  readRequest(bytes: Buffer, known: RequestNames): ProxyRequest;
  /** The bytes of a response in pieces, and how many resources are in it. */
  response(
    head: ResponseHead,
    watch: Watch,
    due: DueResources,
    now: TypeView,
    encode: (resource: Resource) => EncodedResource,
  ): { pieces: readonly Buffer[]; resources: number };
}

export const DELTA: Protocol = {
  name: 'delta',
  readRequest(bytes, known) {
    const part = cutNames(bytes);
    const request = fromBinary(DeltaDiscoveryRequestSchema, part?.rest ?? bytes);
    const subscribed =
      part === undefined
        ? request.resourceNamesSubscribe
        : known.of(
            part.bytes,
            (names) => fromBinary(DeltaDiscoveryRequestSchema, names).resourceNamesSubscribe,
          );
    const { node, typeUrl, responseNonce, errorDetail } = request;
    return {
      node,
      typeUrl,
      nonce: responseNonce,
      error: errorDetail?.message,
      apply(watch) {
        const isFirst = !watch.isAnswered && watch.nonce === '' && watch.brought === undefined;
        if (isFirst) {
          watch.brought = new Map(Object.entries(request.initialResourceVersions));
          if (subscribed.length === 0 && isWildcardType(typeUrl)) {
            watch.wildcard = true;
          }
        }
        watch.unsubscribe(request.resourceNamesUnsubscribe);
        watch.subscribe(subscribed);
      },
    };
  },
  response(head, _watch, { changed, removed }) {
    return { pieces: deltaResponse(head, changed, removed), resources: changed.length };
  },
};

export const STATE_OF_THE_WORLD: Protocol = {
  name: 'state-of-the-world',
  readRequest(bytes, known) {
    const part = cutNames(bytes);
    const request = fromBinary(DiscoveryRequestSchema, part?.rest ?? bytes);
    const { node, typeUrl, responseNonce, errorDetail } = request;
    const resourceNames =
      part === undefined
        ? request.resourceNames
        : known.of(part.bytes, (names) => fromBinary(DiscoveryRequestSchema, names).resourceNames);
    return {
      node,
      typeUrl,
      nonce: responseNonce,
      error: errorDetail?.message,
      apply(watch) {
        watch.setNames(resourceNames);
      },
    };
  },
  response(head, watch, { changed, removed }, now, encode) {
    if (isWildcardType(watch.typeUrl)) {
      // What is missing from the list is gone, so the list is always whole.
      const all = watch.wildcard
        ? listOf(now)
        : [...now.values()].filter(({ name }) => watch.names.has(name));
      return { pieces: stateResponse(head, all), resources: all.length };
    }
    // Absence cannot be told otherwise, and Envoy waits for each name.
    const absent = removed.flatMap((name) => {
      const empty = emptyResource(watch.typeUrl, name);
      return empty === undefined ? [] : [encode(empty)];
    });
    const resources = absent.length === 0 ? changed : [...changed, ...absent];
    return { pieces: stateResponse(head, resources), resources: resources.length };
  },
};

const LISTS = new WeakMap<TypeView, readonly EncodedResource[]>();

/** All resources of a view, the same list each time: its bytes are put together once. */
function listOf(view: TypeView): readonly EncodedResource[] {
  let list = LISTS.get(view);
  if (list === undefined) LISTS.set(view, (list = [...view.values()]));
  return list;
}

/** What stands for a resource that does not exist. */
function emptyResource(typeUrl: string, name: string): Resource | undefined {
  switch (typeUrl) {
    case ENDPOINT_TYPE:
      return { typeUrl, name, message: create(ClusterLoadAssignmentSchema, { clusterName: name }) };
    case ROUTE_TYPE:
      return { typeUrl, name, message: create(RouteConfigurationSchema, { name }) };
    default:
      return undefined;
  }
}
