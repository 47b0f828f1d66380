/** Configuration as it is written, before any of it is checked. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonMap = Readonly<Record<string, Json>>;

export const TYPE = 'type.googleapis.com/';
export const HTTP_FILTER = 'envoy.extensions.filters.http';
export const NETWORK_FILTER = 'envoy.extensions.filters.network';

/** Settings with the name of their type. */
export function typed(type: string, settings: JsonMap = {}): JsonMap {
  return { '@type': TYPE + type, ...settings };
}

/** An HTTP filter; `type` without the common beginning, as `cors.v3.Cors`. */
export function httpFilter(type: string, settings: JsonMap = {}): JsonMap {
  return {
    name: `envoy.filters.http.${type.split('.')[0]}`,
    typed_config: typed(`${HTTP_FILTER}.${type}`, settings),
  };
}

export const ROUTER = httpFilter('router.v3.Router');

export function socketAddress(port: number): JsonMap {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** A listener with one chain of network filters. */
export function listenerAt(port: number, name: string, ...filters: readonly JsonMap[]): JsonMap {
  return { name, address: socketAddress(port), filter_chains: [{ filters }] };
}

/** A connection manager that leads every request to one cluster, however long it takes. */
export function managerTo(cluster: string, statPrefix: string, settings: JsonMap = {}): JsonMap {
  const route = { match: { prefix: '/' }, route: { cluster, timeout: '0s' } };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
      stat_prefix: statPrefix,
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
      http_filters: [ROUTER],
      ...settings,
    }),
  };
}

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Of a cluster: how HTTP is spoken with its endpoints. */
export function httpOptions(explicit: JsonMap, more: JsonMap = {}): JsonMap {
  return {
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: typed(HTTP_OPTIONS, { explicit_http_config: explicit, ...more }),
    },
  };
}

/** Of a cluster whose endpoints speak HTTP/2. */
export const HTTP2 = httpOptions({ http2_protocol_options: {} });

/** A log in a file; without a format in Envoy's own. */
export function fileLog(path: string, format?: JsonMap): JsonMap {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
      path,
      ...(format === undefined ? {} : { log_format: format }),
    }),
  };
}
