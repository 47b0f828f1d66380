/** EnvoyFilters that change routes and clusters. */

import { SERVICES } from '../../peers/world/shop.ts';
import { type Ask, type FeatureCase, get } from './case.ts';
import { V1, entry, envoyFilter, routed } from './manifests.ts';

const ANSWER = (status: number): string => `{match: {prefix: /}, direct_response: {status: ${status}}}`;

/** A host at the gateway with patches of its routes; `match` goes on behind that of the virtual host. */
function patched(
  what: string,
  name: string,
  patches: readonly (readonly [applyTo: string, match: string, patch: string])[],
  asks: readonly Ask[],
  http = `- name: own\n  ${V1}`,
): FeatureCase {
  const filters = patches.map(([applyTo, match, patch], index) =>
    envoyFilter(
      `${name}-${index}`,
      `- applyTo: ${applyTo}\n  match: {context: GATEWAY, routeConfiguration: {${match}}}\n  patch: {${patch}}`,
      `priority: ${index}\n  workloadSelector: {labels: {istio: ingressgateway}}`,
    ),
  );
  return { feature: `EnvoyFilter ${what}`, config: [routed(name, http), ...filters].join('---\n'), asks };
}

const vhost = (name: string, route = ''): string => `vhost: {name: "${name}.test:80"${route}}`;
const OWN = ', route: {name: own}';
const MARK = 'response_headers_to_add: [{header: {key: patched, value: "yes"}}]';
const marked = { headers: { patched: 'yes' } };

export const PATCHED_ROUTES: readonly FeatureCase[] = [
  {
    feature: 'EnvoyFilter ROUTE_CONFIGURATION MERGE',
    config: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: all-routes, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8094, name: http, protocol: HTTP}, hosts: [all-routes.test]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: all-routes, namespace: shop}
spec: {hosts: [all-routes.test], gateways: [all-routes], http: [{${V1}}]}
---
${envoyFilter(
  'all-routes',
  `- applyTo: ROUTE_CONFIGURATION\n  match: {context: GATEWAY, routeConfiguration: {portNumber: 8094}}\n  patch: {operation: MERGE, value: {${MARK}}}`,
)}`,
    asks: [{ ...get('all-routes', { to: '127.0.0.1:8094' }), expect: { status: 200, ...marked } }],
  },
  patched(
    'VIRTUAL_HOST ADD',
    'host-add',
    [
      [
        'VIRTUAL_HOST',
        'name: http.80',
        `operation: ADD, value: {name: added, domains: [added-host.test], routes: [${ANSWER(230)}]}`,
      ],
    ],
    [{ ...get('added-host'), expect: { status: 230 } }],
  ),
  patched(
    'VIRTUAL_HOST REMOVE',
    'host-remove',
    [['VIRTUAL_HOST', vhost('host-remove'), 'operation: REMOVE']],
    [{ ...get('host-remove'), expect: { status: 404 } }],
  ),
  patched(
    'VIRTUAL_HOST REPLACE',
    'host-replace',
    [
      [
        'VIRTUAL_HOST',
        vhost('host-replace'),
        `operation: REPLACE, value: {name: replaced, domains: [host-replace.test], routes: [${ANSWER(231)}]}`,
      ],
    ],
    [{ ...get('host-replace'), expect: { status: 231 } }],
  ),
  patched(
    'VIRTUAL_HOST MERGE_AND_REPLACE_LIST: lists take the place of others',
    'host-lists',
    [
      [
        'VIRTUAL_HOST',
        vhost('host-lists'),
        'operation: MERGE_AND_REPLACE_LIST, value: {domains: [host-renamed.test]}',
      ],
    ],
    [
      { ...get('host-renamed'), expect: { who: 'web v1' } },
      { ...get('host-lists'), expect: { status: 404 } },
    ],
  ),
  patched(
    'VIRTUAL_HOST match.domainName',
    'host-domain',
    [['VIRTUAL_HOST', 'vhost: {domainName: host-domain.test}', `operation: MERGE, value: {${MARK}}`]],
    [{ ...get('host-domain'), expect: marked }],
  ),
  ...['INSERT_BEFORE', 'INSERT_FIRST'].map((operation) =>
    patched(
      `HTTP_ROUTE ${operation}`,
      `route-${operation.toLowerCase().replace('_', '-')}`,
      [
        [
          'HTTP_ROUTE',
          vhost(`route-${operation.toLowerCase().replace('_', '-')}`, OWN),
          `operation: ${operation}, value: ${ANSWER(232)}`,
        ],
      ],
      [{ ...get(`route-${operation.toLowerCase().replace('_', '-')}`), expect: { status: 232 } }],
    ),
  ),
  ...['INSERT_AFTER', 'ADD'].map((operation) =>
    patched(
      `HTTP_ROUTE ${operation}`,
      `route-${operation.toLowerCase().replace('_', '-')}`,
      [
        [
          'HTTP_ROUTE',
          vhost(
            `route-${operation.toLowerCase().replace('_', '-')}`,
            operation === 'ADD' ? '' : ', route: {name: own}',
          ),
          `operation: ${operation}, value: ${ANSWER(233)}`,
        ],
      ],
      [
        {
          ...get(`route-${operation.toLowerCase().replace('_', '-')}`, { path: '/own' }),
          expect: { status: 200 },
        },
        { ...get(`route-${operation.toLowerCase().replace('_', '-')}`), expect: { status: 233 } },
      ],
      `- name: own\n  match: [{uri: {prefix: /own}}]\n  ${V1}`,
    ),
  ),
  patched(
    'HTTP_ROUTE REMOVE',
    'route-remove',
    [['HTTP_ROUTE', vhost('route-remove', OWN), 'operation: REMOVE']],
    [{ ...get('route-remove'), expect: { status: 404 } }],
  ),
  patched(
    'HTTP_ROUTE match.action: those that redirect, or answer, alone',
    'route-actions',
    [
      [
        'HTTP_ROUTE',
        vhost('route-actions', ', route: {action: REDIRECT}'),
        `operation: MERGE, value: {${MARK}}`,
      ],
      [
        'HTTP_ROUTE',
        vhost('route-actions', ', route: {action: DIRECT_RESPONSE}'),
        `operation: MERGE, value: {${MARK.replace('yes', 'direct')}}`,
      ],
      [
        'HTTP_ROUTE',
        vhost('route-actions', ', route: {action: ROUTE}'),
        `operation: MERGE, value: {${MARK.replace('yes', 'sent')}}`,
      ],
    ],
    [
      { ...get('route-actions', { path: '/away' }), expect: { status: 301, ...marked } },
      { ...get('route-actions', { path: '/said' }), expect: { status: 234, headers: { patched: 'direct' } } },
      { ...get('route-actions'), expect: { status: 200, headers: { patched: 'sent' } } },
    ],
    `- match: [{uri: {prefix: /away}}]\n  redirect: {uri: /there}\n- match: [{uri: {prefix: /said}}]\n  directResponse: {status: 234}\n- ${V1}`,
  ),
  {
    feature: 'EnvoyFilter CLUSTER REMOVE',
    config: `${entry('cluster-remove', 'resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.50.0.1}]')}---
${routed('cluster-remove', '- route: [{destination: {host: cluster-remove.test}}]')}---
${envoyFilter('cluster-remove', '- applyTo: CLUSTER\n  match: {context: GATEWAY, cluster: {service: cluster-remove.test}}\n  patch: {operation: REMOVE}')}`,
    asks: [
      { ...get('cluster-remove'), expect: { status: 503 } },
      { via: 'mesh', host: 'cluster-remove.test', expect: { status: 200 } },
    ],
  },
  {
    feature: 'EnvoyFilter context SIDECAR_OUTBOUND: what leaves the workload',
    config: envoyFilter(
      'patch-outbound',
      `- applyTo: VIRTUAL_HOST
  match: {context: SIDECAR_OUTBOUND, routeConfiguration: {vhost: {name: "nuts.other.svc.cluster.local:80"}}}
  patch: {operation: MERGE, value: {${MARK}}}`,
      'workloadSelector: {labels: {app: client}}',
      'shop',
    ),
    asks: [
      { via: 'mesh', to: `${SERVICES.nuts}:80`, host: 'nuts.other', expect: { who: 'nuts v1', ...marked } },
    ],
  },
];
