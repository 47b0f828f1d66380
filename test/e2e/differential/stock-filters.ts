/** An EnvoyFilter after which the controller gives all proxies the same filters. */

/** Proxies tell each other of themselves by a filter that Envoy has not: it is taken away from those that have it. */
export const STOCK_FILTERS = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: stock-filters, namespace: istio-system}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter: {name: istio.metadata_exchange}
    patch: {operation: REMOVE}
`;
