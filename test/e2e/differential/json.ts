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
