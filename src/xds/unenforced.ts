/** Policies that are not put into force yet: each is named, so that nobody relies on it. */

import { matchesLabels, type Labels } from '../model/selectors.ts';
import type { Input } from './input.ts';

interface Selected {
  readonly selector?: { readonly matchLabels?: Labels };
  readonly workloadSelector?: { readonly labels?: Labels };
}

const POLICIES = [
  ['security.istio.io/AuthorizationPolicy', 'requests that it would refuse are let through'],
  ['security.istio.io/RequestAuthentication', 'tokens are not checked'],
  ['extensions.istio.io/WasmPlugin', 'its module is not run'],
  ['extensions.istio.io/TrafficExtension', 'it is not run'],
  ['telemetry.istio.io/Telemetry', 'logs, metrics and traces stay as MeshConfig has them'],
] as const;

/** Reports the objects that are for this proxy, but change nothing for it. */
export function reportUnenforced(input: Input): void {
  const { snapshot, proxy, report } = input;
  const { rootNamespace } = snapshot.mesh;
  const concerns = (namespace: string, spec: Selected | undefined) =>
    (namespace === proxy.namespace || namespace === rootNamespace) &&
    matchesLabels(spec?.selector?.matchLabels ?? spec?.workloadSelector?.labels ?? {}, proxy.labels);
  for (const [kind, effect] of POLICIES) {
    for (const object of snapshot.list(kind)) {
      const namespace = snapshot.namespaceOf(object);
      const spec: Selected | undefined = object.value.spec;
      if (concerns(namespace, spec)) {
        report({ kind: object.kind, namespace, name: object.meta.name }, `Not enforced yet: ${effect}.`);
      }
    }
  }
  for (const object of snapshot.list('security.istio.io/PeerAuthentication')) {
    const namespace = snapshot.namespaceOf(object);
    const { mtls, portLevelMtls } = object.value.spec ?? {};
    const modes = [mtls, ...Object.values(portLevelMtls ?? {})].map((one) => one?.mode);
    if (modes.includes('STRICT') && concerns(namespace, object.value.spec)) {
      report(
        { kind: object.kind, namespace, name: object.meta.name },
        'Mode STRICT is not enforced yet: connections in the clear are let through.',
      );
    }
  }
}
