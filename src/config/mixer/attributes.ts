/** The attributes that expressions may use, and the type of each. */

import type { ValueType } from './expression.ts';

/** Which attributes there are in one place. */
export interface AttributeScope {
  /** The type; `UNKNOWN` for an attribute that is there and whose type nobody has told; else undefined. */
  typeOf(name: string): ValueType | 'UNKNOWN' | undefined;
  /** Names to suggest in place of a mistyped one. */
  readonly names: Iterable<string>;
}

/**
 * The vocabulary of release 1.4, with the older `destination.service` and `source.service`.
 * https://archive.istio.io/v1.4/docs/reference/config/policy-and-telemetry/attribute-vocabulary/
 */
const VOCABULARY: Readonly<Partial<Record<ValueType, readonly string[]>>> = {
  STRING: words(`
    api.operation api.protocol api.service api.version check.error_message connection.event
    connection.id connection.requested_server_name context.protocol context.proxy_error_code
    context.proxy_version context.reporter.kind context.reporter.uid destination.container.name
    destination.name destination.namespace destination.owner destination.principal destination.service
    destination.service.host destination.service.name destination.service.namespace
    destination.service.uid destination.serviceAccount destination.uid destination.user
    destination.workload.name destination.workload.namespace destination.workload.uid origin.uid
    origin.user rbac.permissive.effective_policy_id rbac.permissive.response_code request.api_key
    request.auth.audiences request.auth.presenter request.auth.principal request.auth.raw_claims
    request.host request.id request.method request.path request.reason request.referer request.scheme
    request.url_path request.useragent response.grpc_message response.grpc_status source.name
    source.namespace source.owner source.principal source.service source.serviceAccount source.services
    source.uid source.user source.workload.name source.workload.namespace source.workload.uid
  `),
  INT64: words(`
    check.error_code connection.received.bytes connection.received.bytes_total connection.sent.bytes
    connection.sent.bytes_total destination.port request.size request.total_size response.code
    response.size response.total_size
  `),
  BOOL: ['check.cache_hit', 'connection.mtls', 'context.reporter.local', 'quota.cache_hit'],
  DURATION: ['connection.duration', 'response.duration'],
  TIMESTAMP: ['context.time', 'context.timestamp', 'request.time', 'response.time'],
  IP_ADDRESS: ['destination.ip', 'origin.ip', 'source.ip'],
  STRING_MAP: words(`
    destination.labels destination.metadata source.labels source.metadata
    request.auth.claims request.headers request.query_params response.headers
  `),
};

/** What the kubernetesenv adapter gives back for the `kubernetes` template, without what stands before it. */
const KUBERNETES_OUTPUT: Readonly<Partial<Record<ValueType, readonly string[]>>> = {
  STRING: [
    ...ends('pod_uid', 'pod_name', 'namespace', 'service_account_name', 'owner'),
    ...ends('workload_uid', 'workload_name', 'workload_namespace'),
    'destination_container_name',
  ],
  IP_ADDRESS: ends('pod_ip', 'host_ip'),
  STRING_MAP: ends('labels'),
};

function ends(...fields: readonly string[]): string[] {
  return fields.flatMap((field) => [`source_${field}`, `destination_${field}`]);
}

/** The words of a text. */
function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** The attributes that every request has in its manifests. */
export const STANDARD_ATTRIBUTES: AttributeScope = scopeOf(byName(VOCABULARY));

/** Attribute bindings of a `kubernetes` instance see the adapter's output as `$out.…`, too. */
export const KUBERNETES_BINDINGS: AttributeScope = scopeOf(
  new Map([
    ...byName(VOCABULARY),
    ...[...byName(KUBERNETES_OUTPUT)].flatMap(([name, type]): [string, ValueType][] => [
      [`$out.${name}`, type],
      [`adapter_template_kubernetes.output.${name}`, type],
    ]),
  ]),
);

/** A scope that knows just the attributes given. */
export function scopeOf(attributes: ReadonlyMap<string, ValueType>): AttributeScope {
  return { typeOf: (name) => attributes.get(name), names: [...attributes.keys()] };
}

/** The standard attributes, and all that begin with one of the prefixes, of unknown type. */
export function scopeWithOutputs(prefixes: readonly string[]): AttributeScope {
  return {
    typeOf: (name) =>
      prefixes.some((prefix) => name.startsWith(prefix)) ? 'UNKNOWN' : STANDARD_ATTRIBUTES.typeOf(name),
    names: STANDARD_ATTRIBUTES.names,
  };
}

function byName(table: Readonly<Partial<Record<ValueType, readonly string[]>>>): Map<string, ValueType> {
  const map = new Map<string, ValueType>();
  for (const [type, names] of Object.entries(table) as [ValueType, readonly string[]][]) {
    for (const name of names) map.set(name, type);
  }
  return map;
}
