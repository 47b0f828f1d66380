/** Headers that proxies themselves add, keep or hide: ProxyConfig.proxyHeaders and gatewayTopology. */

import type { Input } from '../input.ts';
import type { Http1ProtocolOptionsSchema } from '../proto/generated/envoy/config/core/v3/protocol_pb.js';
import { PreserveCaseFormatterConfigSchema } from '../proto/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.js';
import {
  type HttpConnectionManagerSchema,
  HttpConnectionManager_ForwardClientCertDetails as ClientCertDetails,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { pack } from '../proto/registry.ts';
import type { Init } from '../values.ts';

type Manager = Init<typeof HttpConnectionManagerSchema>;
type Http1Options = Init<typeof Http1ProtocolOptionsSchema>;

/** Which way requests go: out of a workload, into it, or through a gateway. */
export type TrafficClass = 'outbound' | 'inbound' | 'gateway';

/** The name that proxies give themselves in answers. */
const SERVER_NAME = 'istio-envoy';

const CLIENT_CERT_DETAILS: ReadonlyMap<unknown, ClientCertDetails> = new Map(
  (['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'] as const).map(
    (name) => [name, ClientCertDetails[name]],
  ),
);

/**
 * What the ProxyConfig that holds for the proxy says at a path: its own, or else the mesh's. Nobody has checked its own
 * one, so that the types are looked at here.
 */
export function headerSetting({ snapshot, proxy }: Input, ...path: readonly string[]): unknown {
  let value: unknown = proxy.ownHeaders ?? snapshot.mesh.config.defaultConfig;
  for (const key of path) value = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOn(input: Input, ...path: readonly string[]): boolean {
  return headerSetting(input, 'proxyHeaders', ...path) === true;
}

/** Whether requests say which try they are: `x-envoy-attempt-count`. */
export function countsAttempts(input: Input): boolean {
  return !isOn(input, 'attemptCount', 'disabled');
}

/** Whether requests whose host is changed say which it was: `x-forwarded-host`. */
export function tellsForwardedHost(input: Input): boolean {
  return isOn(input, 'xForwardedHost', 'enabled');
}

/** Whether answers are without `x-envoy-upstream-service-time` and its like. */
export function hidesEnvoy(input: Input): boolean {
  return isOn(input, 'envoyDebugHeaders', 'disabled');
}

/** Whether what is outside of the mesh is told nothing of workloads: `x-envoy-peer-metadata`. */
export function tellsOnlyMesh(input: Input): boolean {
  return headerSetting(input, 'proxyHeaders', 'metadataExchangeHeaders', 'mode') === 'IN_MESH';
}

/** Options of HTTP/1 towards endpoints; undefined for Envoy's own. */
export function upstreamHttp1(input: Input): Http1Options | undefined {
  if (!isOn(input, 'preserveHttp1HeaderCase')) return undefined;
  const typedConfig = pack(PreserveCaseFormatterConfigSchema, {});
  return {
    headerKeyFormat: {
      headerFormat: { case: 'statefulFormatter', value: { name: 'preserve_case', typedConfig } },
    },
  };
}

/** Options of HTTP/1 towards clients: a proxy may take HTTP/1.0, too. */
function downstreamHttp1(input: Input, trafficClass: TrafficClass): Pick<Manager, 'httpProtocolOptions'> {
  const options = {
    ...upstreamHttp1(input),
    ...(input.proxy.metadata.HTTP10 === '1' && { acceptHttp10: true }),
  };
  const isNeeded = trafficClass === 'gateway' || Object.keys(options).length > 0;
  return isNeeded ? { httpProtocolOptions: options } : {};
}

/** What the workload behind is told of the caller, and the caller of the proxy. */
export function identifyingHeaders(trafficClass: TrafficClass, input: Input): Partial<Manager> {
  return {
    useRemoteAddress: trafficClass === 'gateway',
    ...serverHeader(trafficClass, input),
    ...clientCertificate(trafficClass, input),
    ...(isOn(input, 'requestId', 'disabled') && { generateRequestId: false }),
    ...(isOn(input, 'xForwardedPort', 'enabled') && { appendXForwardedPort: true }),
    ...(trafficClass === 'gateway' && { xffNumTrustedHops: trustedProxies(input) }),
    ...downstreamHttp1(input, trafficClass),
  };
}

function trustedProxies(input: Input): number {
  const count = headerSetting(input, 'gatewayTopology', 'numTrustedProxies');
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= 0xffff_ffff
    ? count
    : 0;
}

/** Sidecars leave the name of what they call to Envoy, unless they are told one. */
function serverHeader(trafficClass: TrafficClass, input: Input): Partial<Manager> {
  if (isOn(input, 'server', 'disabled')) {
    return { serverHeaderTransformation: ServerHeader.PASS_THROUGH };
  }
  const told = headerSetting(input, 'proxyHeaders', 'server', 'value');
  if (typeof told === 'string' && told !== '') return { serverName: told };
  return trafficClass === 'outbound' ? {} : { serverName: SERVER_NAME };
}

function clientCertificate(trafficClass: TrafficClass, input: Input): Partial<Manager> {
  const details = (...path: readonly string[]): ClientCertDetails | undefined =>
    CLIENT_CERT_DETAILS.get(headerSetting(input, ...path));
  if (trafficClass === 'outbound') return {};
  if (trafficClass === 'gateway') {
    const forwarded =
      details('gatewayTopology', 'forwardClientCertDetails') ?? ClientCertDetails.SANITIZE_SET;
    const tellsOwn =
      forwarded === ClientCertDetails.APPEND_FORWARD || forwarded === ClientCertDetails.SANITIZE_SET;
    return {
      forwardClientCertDetails: forwarded,
      ...(tellsOwn && { setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true } }),
    };
  }
  const part = (name: string, standard: boolean): boolean => {
    const told = headerSetting(input, 'proxyHeaders', 'setCurrentClientCertDetails', name);
    return typeof told === 'boolean' ? told : standard;
  };
  return {
    forwardClientCertDetails:
      details('proxyHeaders', 'forwardedClientCert') ?? ClientCertDetails.APPEND_FORWARD,
    setCurrentClientCertDetails: {
      subject: part('subject', true),
      dns: part('dns', true),
      uri: part('uri', true),
      cert: part('cert', false),
      chain: part('chain', false),
    },
  };
}
