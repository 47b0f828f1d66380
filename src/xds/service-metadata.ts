/** Which service a cluster is of, for metrics. */

import type { JsonObject } from '@bufbuild/protobuf';
import type { MeshService } from '../model/services.ts';

/** One of the list `services` in the metadata `istio` of a cluster. */
export function serviceMetadata({ hostname, namespace, origin, object }: MeshService): JsonObject {
  return { host: hostname, name: origin === 'Service' ? object.meta.name : hostname, namespace };
}
