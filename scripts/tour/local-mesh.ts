/**
 * Micro Shake Factory on this machine: a copy of its manifests, with Pods that stand for local processes, and the
 * address of the ingress gateway on the loopback interface only.
 */

import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LocalPorts {
  readonly gateway: number;
  readonly admin: number;
  readonly discovery: number;
  readonly controller: number;
  readonly fruitsV1: number;
  readonly fruitsV2: number;
  readonly juice: number;
}

const NAMESPACE = 'micro-shake-factory';

export class LocalMesh {
  readonly folder: string;
  readonly manifests: string;
  readonly ports: LocalPorts;

  constructor(factory: string, ports: LocalPorts) {
    this.ports = ports;
    this.folder = mkdtempSync(join(tmpdir(), 'lateen-tour-'));
    this.manifests = join(this.folder, 'manifests');
    cpSync(join(factory, 'manifests'), this.manifests, { recursive: true });
    this.edit('gateway.yaml', (text) => text.replace('    - port:', '    - bind: 127.0.0.1\n      port:'));
    writeFileSync(join(this.manifests, 'pods.json'), JSON.stringify(podsOf(ports), null, 2));
    writeFileSync(this.bootstrap, JSON.stringify(bootstrapOf(ports), null, 2));
  }

  get bootstrap(): string {
    return join(this.folder, 'ingress-gateway.json');
  }

  edit(file: string, change: (text: string) => string): void {
    const path = join(this.manifests, file);
    const before = readFileSync(path, 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`there was nothing to change in ${file}`);
    // In one step: the controller may read it at any moment.
    writeFileSync(`${path}.new`, after);
    renameSync(`${path}.new`, path);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a cluster would have made of the Deployments: Pods, and where Services find them. */
function podsOf(ports: LocalPorts): object {
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...workload('fruits-api', 'v1', 'fruits-api-service', ports.fruitsV1),
      ...workload('fruits-api', 'v2', 'fruits-api-service', ports.fruitsV2),
      ...workload('juice-shop-api', 'v1', 'juice-shop-api-service', ports.juice),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name: 'istio-ingressgateway',
          namespace: 'istio-system',
          labels: { istio: 'ingressgateway' },
        },
        spec: {
          selector: { istio: 'ingressgateway' },
          ports: [{ name: 'http', port: 80, targetPort: ports.gateway }],
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'istio-ingressgateway-0',
          namespace: 'istio-system',
          labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
        },
        spec: { containers: [{ name: 'istio-proxy', image: 'lateen' }] },
        status: { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] },
      },
    ],
  };
}

function workload(app: string, version: string, service: string, port: number): readonly object[] {
  const name = `${app}-${version}-0`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels: { app, version } },
      spec: {
        serviceAccountName: app,
        containers: [{ name: app, image: 'local', ports: [{ name: 'http', containerPort: port }] }],
      },
      status: {
        phase: 'Running',
        podIP: '127.0.0.1',
        podIPs: [{ ip: '127.0.0.1' }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${service}-${version}`,
        namespace: NAMESPACE,
        labels: { 'kubernetes.io/service-name': service },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['127.0.0.1'],
          conditions: { ready: true },
          targetRef: { kind: 'Pod', name, namespace: NAMESPACE },
        },
      ],
    },
  ];
}

function bootstrapOf({ admin, discovery }: LocalPorts): object {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  return {
    node: {
      id: 'router~127.0.0.1~istio-ingressgateway-0.istio-system~istio-system.svc.cluster.local',
      cluster: 'istio-ingressgateway.istio-system',
      metadata: {
        NAMESPACE: 'istio-system',
        NAME: 'istio-ingressgateway-0',
        LABELS: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
        INSTANCE_IPS: '127.0.0.1',
      },
    },
    admin: { address: address(admin) },
    dynamic_resources: {
      cds_config: source,
      lds_config: source,
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: 'xds-grpc',
          type: 'STATIC',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'xds-grpc',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(discovery) } }] }],
          },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
    },
  };
}
