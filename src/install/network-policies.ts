/** Network policies for what is installed: who may connect, and to which ports. */

import {
  gatewayNamespace,
  gatewaySelector,
  gatewayTargetPorts,
  type GatewayToInstall,
  PROXY_PORTS,
} from './gateways.ts';
import type { ComponentName } from './components.ts';
import type { Installation } from './installation.ts';
import { ISTIOD_PORTS, istiodSelector } from './istiod.ts';
import type { Resource } from './resource.ts';
import type { Tree } from './setting-path.ts';

/** Ports of the agent beside a proxy that Prometheus and probes ask. */
const AGENT_METRICS = 15_020;

/** Everybody in the mesh needs the control plane. */
export function istiodPolicy(installation: Installation): Resource {
  const { istiod, namespace } = installation;
  const { xds, xdsTls, webhooks, http } = ISTIOD_PORTS;
  return policy(
    installation,
    { component: 'Pilot', app: 'istiod', name: istiod, namespace },
    istiodSelector(installation),
    [
      // The API server and kubelets have addresses that no selector knows, and sidecars are in every namespace.
      { ports: tcp([http, xds, xdsTls, webhooks]) },
    ],
  );
}

/** A gateway is there for clients from anywhere, on the ports of its Service. */
export function gatewayPolicy(one: GatewayToInstall, installation: Installation): Resource {
  const name = one.gateway.name ?? '';
  const place = { component: one.component, app: name, name, namespace: gatewayNamespace(one, installation) };
  const ports = [...gatewayTargetPorts(one), AGENT_METRICS, PROXY_PORTS.health, PROXY_PORTS.metrics];
  return policy(installation, place, gatewaySelector(one), [{ ports: tcp([...new Set(ports)]) }]);
}

/** An addon is for its own namespace, and for port-forwards, which policies do not concern. */
export function addonPolicy(
  installation: Installation,
  name: string,
  selector: Record<string, string>,
  ports: readonly number[],
  openPorts: readonly number[] = [],
): Resource {
  const place = { component: 'Addons' as const, app: name, name, namespace: installation.namespace };
  return policy(installation, place, selector, [
    { from: [{ podSelector: {} }], ports: tcp(ports) },
    ...(openPorts.length === 0 ? [] : [{ ports: tcp(openPorts) }]),
  ]);
}

function tcp(ports: readonly (number | string)[]): readonly Tree[] {
  return ports.map((port) => ({ port, protocol: 'TCP' }));
}

function policy(
  installation: Installation,
  place: { component: ComponentName; app: string; name: string; namespace: string },
  selector: Record<string, string>,
  ingress: readonly Tree[],
): Resource {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: place.name,
      namespace: place.namespace,
      labels: installation.labels(place.component, place.app),
    },
    spec: { podSelector: { matchLabels: selector }, policyTypes: ['Ingress'], ingress },
  };
}
