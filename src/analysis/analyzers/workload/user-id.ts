/** The user id that the sidecar runs as: what else runs as it goes past the mesh. */

import type { FieldPath } from '../../../base/field-path.ts';
import { isControlPlane } from '../../../model/control-plane.ts';
import { PROXY_CONTAINER } from '../../../model/membership.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

/** Redirection leaves alone what this user sends, for that is the proxy. */
const PROXY_USER = 1337;
/** Containers of the mesh itself. */
const OWN_CONTAINERS: ReadonlySet<string> = new Set([PROXY_CONTAINER, 'istio-operator']);

export const analyzer: Analyzer = {
  name: 'applicationUID.Analyzer',
  summary: "No application runs as the sidecar's user",
  reads: WORKLOAD_KINDS,
  messages: [MESSAGES.InvalidApplicationUID],
  analyze({ snapshot, report }) {
    for (const workload of snapshot.workloads.all) {
      const { object, namespace, templatePath } = workload;
      if (isControlPlane(object.meta.labels) || isSystemNamespace(namespace)) continue;
      for (const path of placesOf(workload)) {
        const at = [...templatePath, 'spec', ...path, 'securityContext', 'runAsUser'];
        report(MESSAGES.InvalidApplicationUID, object, at, {});
      }
    }
  },
};

/**
 * Where the user is set: on the pod, as long as a container takes it from there, or on a container. Init
 * containers may have it, as the way to get out before the proxy runs.
 */
function placesOf({ spec }: Workload): FieldPath[] {
  const own = (spec.containers ?? [])
    .map((container, index) => ({
      name: container.name ?? '',
      user: container.securityContext?.runAsUser,
      path: ['containers', index],
    }))
    .filter(({ name }) => !OWN_CONTAINERS.has(name));
  const onPod = spec.securityContext?.runAsUser === PROXY_USER && own.some(({ user }) => user === undefined);
  return [...(onPod ? [[]] : []), ...own.filter(({ user }) => user === PROXY_USER).map(({ path }) => path)];
}
