/** The names of resources; Istio's, so that dashboards, EnvoyFilters and habits keep working. */

export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster';
export const PASSTHROUGH_CLUSTER = 'PassthroughCluster';
/** Where requests to undeclared hosts go by ALLOW_ANY_DYNAMIC, which looks those up. */
export const ALLOW_ANY_DYNAMIC_CLUSTER = 'AllowAnyDynamicDNSCluster';
export const ALLOW_ANY_DYNAMIC = 'ALLOW_ANY_DYNAMIC_DNS';
export const INBOUND_PASSTHROUGH_CLUSTER = 'InboundPassthroughCluster';
/** Where requests go whose destination names no host. */
export const UNKNOWN_CLUSTER = 'UnknownService';

/** The cluster of the proxy's own workload, which its bootstrap names. */
export const OWN_CLUSTER = 'local_cluster';

/** Where redirected outbound connections arrive. */
export const OUTBOUND_CAPTURE_PORT = 15001;
/** Where redirected inbound connections arrive. */
export const INBOUND_CAPTURE_PORT = 15006;
/** Ports of the proxy itself: no listener for a service may take them on all addresses. */
export const RESERVED_PORTS: ReadonlySet<number> = new Set([15001, 15006, 15021, 15090]);

export const WILDCARD_ADDRESS = '0.0.0.0';
export const LOCALHOST = '127.0.0.1';

/** `outbound|80|v1|web.shop.svc.cluster.local`. */
export function outboundCluster(port: number, subset: string | undefined, host: string): string {
  return `outbound|${port}|${subset ?? ''}|${host}`;
}

/**
 * `outbound_.80_.v1_.web.shop.svc.cluster.local`: the cluster of an AUTO_PASSTHROUGH gateway, which is the server name
 * too that proxies of a mesh ask for.
 */
export function passedOnCluster(port: number, subset: string | undefined, host: string): string {
  return `outbound_.${port}_.${subset ?? ''}_.${host}`;
}

/** `inbound|8080||`. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

/** `0.0.0.0_80`. */
export function listenerName(bind: string, port: number): string {
  return bind.startsWith('unix://') ? bind.slice('unix://'.length) : `${bind}_${port}`;
}

/** `http.80`, or `http.80.10.0.0.1` for a server bound to one address. */
export function gatewayHttpRoute(port: number, bind: string): string {
  return bind === '' ? `http.${port}` : `http.${port}.${bind}`;
}

/** `https.443.https-web.gw.shop`: each HTTPS server has routes of its own. */
export function gatewayHttpsRoute(
  port: number,
  server: { readonly portName: string; readonly gatewayName: string; readonly namespace: string },
  bind: string,
): string {
  const name = `https.${port}.${server.portName}.${server.gatewayName}.${server.namespace}`;
  return bind === '' ? name : `${name}.${bind}`;
}

/** Where an object stands in the API: `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/web`. */
export function configPath(
  apiVersion: string,
  kind: 'virtual-service' | 'destination-rule',
  object: { readonly namespace: string; readonly name: string },
): string {
  return `/apis/${apiVersion}/namespaces/${object.namespace}/${kind}/${object.name}`;
}
