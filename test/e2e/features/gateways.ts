/** What a Gateway says, field by field. */

import { expect } from 'vitest';
import { type FeatureCase } from './case.ts';
import { V1 } from './manifests.ts';

export function gatewayCases(folder: string): readonly FeatureCase[] {
  const gateway = (name: string, servers: string): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
${servers
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: ["*"], gateways: [${name}], http: [{${V1}}]}
`;
  return [
    {
      feature: 'Gateway: servers by port and host; hosts of other namespaces',
      config: `${gateway('gw-ports', '- {port: {number: 8090, name: http, protocol: HTTP}, hosts: ["a.gw.test", "shop/b.gw.test", "other/c.gw.test"]}')}`,
      asks: [
        { via: 'gateway', to: '127.0.0.1:8090', host: 'a.gw.test', expect: { who: 'web v1' } },
        { via: 'gateway', to: '127.0.0.1:8090', host: 'b.gw.test', expect: { who: 'web v1' } },
        { via: 'gateway', to: '127.0.0.1:8090', host: 'c.gw.test', expect: { status: 404 } },
        { via: 'gateway', to: '127.0.0.1:8090', host: 'd.gw.test', expect: { status: 404 } },
      ],
    },
    {
      feature: 'Gateway httpsRedirect',
      config: gateway(
        'gw-redirect',
        '- {port: {number: 8091, name: http, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}',
      ),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:8091',
          host: 'safe.test',
          path: '/x',
          expect: { status: 301, headers: { location: 'https://safe.test/x' } },
        },
      ],
    },
    {
      feature: 'Gateway httpsRedirect: of hosts for a namespace those that a VirtualService speaks of',
      config: `${gateway(
        'gw-redirect-some',
        '- {port: {number: 8094, name: http, protocol: HTTP}, hosts: ["shop/spoken.test", "other/silent.test"], tls: {httpsRedirect: true}}',
      )}`,
      asks: [
        { via: 'gateway', to: '127.0.0.1:8094', host: 'spoken.test', expect: { status: 301 } },
        { via: 'gateway', to: '127.0.0.1:8094', host: 'silent.test', expect: { status: 404 } },
      ],
    },
    {
      feature:
        'Gateway httpsRedirect: of two servers with a host in common the first redirects, the other is not there',
      config: gateway(
        'gw-redirect-twice',
        `- {port: {number: 8096, name: one, protocol: HTTP}, hosts: ["twice.test"], tls: {httpsRedirect: true}}
- {port: {number: 8096, name: two, protocol: HTTP}, hosts: ["twice.test", "once.test"], tls: {httpsRedirect: true}}
- {port: {number: 8096, name: three, protocol: HTTP}, hosts: ["*/any.test"], tls: {httpsRedirect: true}}`,
      ),
      asks: [
        { via: 'gateway', to: '127.0.0.1:8096', host: 'twice.test', expect: { status: 301 } },
        { via: 'gateway', to: '127.0.0.1:8096', host: 'once.test', expect: { status: 404 } },
        { via: 'gateway', to: '127.0.0.1:8096', host: 'any.test', expect: { status: 301 } },
      ],
    },
    {
      feature: 'Gateway: a server in the clear behind one that passes TLS on',
      config: gateway(
        'gw-clear-behind-tls',
        `- {port: {number: 8097, name: tls, protocol: TLS}, hosts: ["through.test"], tls: {mode: PASSTHROUGH}}
- {port: {number: 8097, name: http, protocol: HTTP}, hosts: ["clear.test"]}`,
      ),
      asks: [{ via: 'gateway', to: '127.0.0.1:8097', host: 'clear.test', expect: { who: 'web v1' } }],
    },
    {
      feature: 'Gateway: named as in early releases',
      config: gateway(
        'gw-old-name',
        '- {port: {number: 8098, name: http, protocol: HTTP}, hosts: ["*"]}',
      ).replace('gateways: [gw-old-name]', 'gateways: [gw-old-name.shop.svc.cluster.local]'),
      asks: [{ via: 'gateway', to: '127.0.0.1:8098', host: 'old.test', expect: { who: 'web v1' } }],
    },
    {
      feature: "Gateway: a VirtualService counts where the gateway's own namespace sees it",
      config: `${gateway('gw-seen', '- {port: {number: 8095, name: http, protocol: HTTP}, hosts: ["*"]}').replace('hosts: ["*"], gateways', 'hosts: ["*"], exportTo: ["."], gateways')}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: gw-seen-more, namespace: shop}
spec: {hosts: [seen.test], gateways: [gw-seen], exportTo: [istio-system], http: [{${V1}}]}
`,
      asks: [
        { via: 'gateway', to: '127.0.0.1:8095', host: 'seen.test', expect: { who: 'web v1' } },
        { via: 'gateway', to: '127.0.0.1:8095', host: 'unseen.test', expect: { status: 404 } },
      ],
    },
    {
      feature: 'Gateway tls SIMPLE with files',
      config: gateway(
        'gw-simple',
        `- {port: {number: 8443, name: https, protocol: HTTPS}, hosts: ["simple.test"], tls: {mode: SIMPLE, serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key}}`,
      ).replaceAll('8443', '9443'),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:9443',
          protocol: 'https',
          serverName: 'simple.test',
          host: 'simple.test',
          expect: { status: 200, who: 'web v1', received: { 'x-forwarded-proto': 'https' } },
        },
        {
          via: 'gateway',
          to: '127.0.0.1:9443',
          protocol: 'https',
          serverName: 'other.test',
          host: 'simple.test',
          expect: { status: 0 },
        },
      ],
    },
    {
      feature: 'Gateway tls MUTUAL: who shows no certificate is refused',
      config: gateway(
        'gw-mutual',
        `- {port: {number: 9444, name: https, protocol: HTTPS}, hosts: ["mutual.test"], tls: {mode: MUTUAL, serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key, caCertificates: ${folder}/client.crt}}`,
      ),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:9444',
          protocol: 'https',
          serverName: 'mutual.test',
          host: 'mutual.test',
          expect: { status: 0 },
        },
        {
          via: 'gateway',
          to: '127.0.0.1:9444',
          protocol: 'https',
          serverName: 'mutual.test',
          host: 'mutual.test',
          certificate: { cert: `${folder}/client.crt`, key: `${folder}/client.key` },
          expect: {
            status: 200,
            received: { 'x-forwarded-client-cert': expect.stringContaining('client.example') },
          },
        },
      ],
    },
    {
      feature: 'Gateway bind: at one address alone',
      config: gateway(
        'gw-bind',
        '- {port: {number: 8092, name: http, protocol: HTTP}, bind: 10.40.9.1, hosts: ["*"]}',
      ),
      asks: [
        { via: 'gateway', to: '10.40.9.1:8092', host: 'x.test', headers: {}, expect: { status: 200 } },
        { via: 'gateway', to: '127.0.0.1:8092', host: 'x.test', expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway of TCP',
      config: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw-tcp, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 31401, name: tcp, protocol: TCP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: gw-tcp, namespace: shop}
spec: {hosts: ["*"], gateways: [gw-tcp], tcp: [{route: [{destination: {host: bytes, port: {number: 9000}, subset: v2}}]}]}
`,
      asks: [
        { via: 'gateway', to: '127.0.0.1:31401', protocol: 'tcp', times: 3, expect: { who: 'bytes v2' } },
      ],
    },
  ];
}
