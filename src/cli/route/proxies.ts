/** The proxies that a request can be asked of: gateways by their Gateway, sidecars by their workload. */

import { create } from '@bufbuild/protobuf';
import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import type { KindTypes } from '../../api/generated/kind-types.ts';
import type { MeshObject } from '../../config/object.ts';
import { type Labels, matchesLabels } from '../../model/selectors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { NodeSchema } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { type ProxyIdentity, proxyIdentity } from '../../xds/proxy-identity.ts';

/** A proxy, and how answers name it. */
export interface NamedProxy {
  readonly identity: ProxyIdentity;
  /** `gateway shop/front`, `sidecar shop/web`. */
  readonly title: string;
}

type Gateway = MeshObject<KindTypes['networking.istio.io/Gateway']>;

/** Addresses for documentation: no endpoint in any file is the proxy's own. */
const ADDRESS = '192.0.2.1';

/** Values of the label `istio` that the gateways of an installation carry. */
const INSTALLED = new Set(['ingressgateway', 'egressgateway']);

/** The proxy of the Gateway `namespace/name`. Throws a `MeshError` when there is none. */
export function gatewayProxy(reference: string, snapshot: Snapshot, fallback: string): NamedProxy {
  const gateways = snapshot.list('networking.istio.io/Gateway');
  const wanted = reference.includes('/') ? reference : `${fallback}/${reference}`;
  const name = (one: Gateway) => `${snapshot.namespaceOf(one)}/${one.meta.name}`;
  const found = gateways.find((one) => name(one) === wanted);
  if (found !== undefined) return proxyOf(found, snapshot);
  throw notFound('Gateway', wanted, gateways.map(name), '--gateway NAMESPACE/NAME');
}

/** One proxy for each way of selecting gateways, in the order of the input. */
export function gatewayProxies(snapshot: Snapshot): readonly NamedProxy[] {
  const found = new Map<string, NamedProxy>();
  for (const gateway of snapshot.list('networking.istio.io/Gateway')) {
    const proxy = proxyOf(gateway, snapshot);
    const labels = Object.entries(proxy.identity.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([proxy.identity.namespace, labels]);
    if (!found.has(key)) found.set(key, proxy);
  }
  return [...found.values()];
}

function proxyOf(gateway: Gateway, snapshot: Snapshot): NamedProxy {
  const namespace = snapshot.namespaceOf(gateway);
  const selector = gateway.value.spec?.selector ?? {};
  const hasSelector = Object.keys(selector).length > 0;
  const candidates = hasSelector
    ? snapshot.workloads.all.filter(({ labels }) => matchesLabels(selector, labels))
    : [];
  const workload = candidates.find((one) => one.namespace === namespace) ?? candidates[0];
  const { rootNamespace, domain } = snapshot.mesh;
  // The gateways of the installation are not in the files of an application, as a rule.
  const home = INSTALLED.has(selector['istio'] ?? '') ? rootNamespace : namespace;
  return {
    title: `gateway ${namespace}/${gateway.meta.name}`,
    identity: identityOf(
      'router',
      gateway.meta.name,
      workload?.namespace ?? home,
      workload?.labels ?? selector,
      domain,
    ),
  };
}

/** The sidecar of `namespace/workload`, or of any workload without labels for a namespace alone. */
export function sidecarProxy(reference: string, snapshot: Snapshot, fallback: string): NamedProxy {
  const { domain } = snapshot.mesh;
  const slash = reference.indexOf('/');
  if (
    slash < 0 &&
    !snapshot.workloads.inNamespace(fallback).some(({ object }) => object.meta.name === reference)
  ) {
    return {
      title: `sidecar in ${reference}`,
      identity: identityOf('sidecar', 'client', reference, {}, domain),
    };
  }
  const namespace = slash < 0 ? fallback : reference.slice(0, slash);
  const name = reference.slice(slash + 1);
  const all = snapshot.workloads.all;
  const found = all.find((one) => one.namespace === namespace && one.object.meta.name === name);
  if (found === undefined) {
    const known = all.map((one) => `${one.namespace}/${one.object.meta.name}`);
    throw notFound(
      'workload',
      `${namespace}/${name}`,
      known,
      `--from ${namespace} for a workload without labels`,
    );
  }
  return {
    title: `sidecar ${namespace}/${name}`,
    identity: identityOf('sidecar', name, namespace, found.labels, domain),
  };
}

function identityOf(
  type: 'router' | 'sidecar',
  name: string,
  namespace: string,
  labels: Labels,
  domain: string,
): ProxyIdentity {
  const id = `${type}~${ADDRESS}~${name}.${namespace}~${namespace}.svc.${domain}`;
  return proxyIdentity(create(NodeSchema, { id, metadata: { NAMESPACE: namespace, LABELS: { ...labels } } }));
}

function notFound(kind: string, wanted: string, known: readonly string[], advice: string): MeshError {
  const near = nearestName(wanted, [...known]);
  const listed =
    known.length === 0 ? `The files hold no ${kind}.` : `There are: ${known.slice(0, 20).join(', ')}.`;
  return new MeshError('BadFlagValue', `there is no ${kind} ${wanted} in the files`, {
    hint: near === undefined ? `${listed} Use ${advice}.` : `Did you mean ${near}? ${listed}`,
  });
}
