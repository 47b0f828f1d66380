/**
 * What `npm run bench` measures of commands that look inside: an API server that only lists and forwards, behind it
 * a control plane's pages, and a dump of 50 MiB. Run as a process of its own, since measuring blocks the other one.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigOf, startFakeForwards } from '../kube/fake-port-forward.ts';

/** What the process prints, as one line of JSON. */
export interface LookInside {
  readonly folder: string;
  /** Kubeconfig files of meshes with a few and with 2,000 proxies. */
  readonly small: string;
  readonly large: string;
  readonly dump: string;
}

const DUMP_BYTES = 50 * 1024 * 1024;

function syncz(count: number): string {
  const state = { status: 'SYNCED', since: new Date(0).toISOString(), sent: 'v1', acked: 'v1', refusals: 0 };
  const proxies = Array.from({ length: count }, (_, index) => ({
    proxy: `web-${index}.shop`,
    proxy_type: 'sidecar',
    cluster_id: 'Kubernetes',
    version: '1.27.0',
    namespace: 'shop',
    protocol: 'delta',
    connected_at: new Date(0).toISOString(),
    in_sync: true,
    types: { cds: state, eds: state, lds: state, rds: state },
  }));
  return JSON.stringify(proxies, undefined, 2);
}

async function meshOf(count: number, file: string): Promise<void> {
  const page = syncz(count);
  const pages = createServer((request, response) =>
    response.end(request.url === '/version' ? '{"version": "1"}' : page),
  );
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const { port } = pages.address() as AddressInfo;
  const istiod = {
    metadata: { namespace: 'istio-system', name: 'istiod-0', labels: { app: 'istiod' } },
    status: { phase: 'Running' },
  };
  const others = {
    configmaps: [
      {
        metadata: { namespace: 'istio-system', labels: { 'lateen.dev/installation': 'default' } },
        data: { version: '0.1.0', profile: 'default', layers: '[]' },
      },
    ],
    mutatingwebhookconfigurations: [],
    namespaces: [{ metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } } }],
  };
  const { server } = await startFakeForwards({ pods: [istiod], others, forward: () => port });
  writeFileSync(file, kubeconfigOf(server));
}

/** As Envoy writes it, with a space of indentation. */
function dumpText(): string {
  const route = (index: number): object => ({
    match: { prefix: `/service-${index}/` },
    route: { cluster: `outbound|80||service-${index}.shop.svc.cluster.local`, timeout: '0s' },
    metadata: {
      filter_metadata: {
        istio: { config: `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/service-${index}` },
      },
    },
    decorator: { operation: `service-${index}.shop.svc.cluster.local:80/*` },
  });
  const parts: string[] = [];
  let length = 0;
  for (let name = 8000; length < DUMP_BYTES; name++) {
    const hosts = Array.from({ length: 40 }, (_, index) => ({
      name: `service-${index}.shop.svc.cluster.local:80`,
      domains: [
        `service-${index}.shop.svc.cluster.local`,
        `service-${index}.shop`,
        `10.96.${name % 256}.${index}`,
      ],
      routes: [route(index)],
    }));
    const entry = { route_config: { name: String(name), virtual_hosts: hosts } };
    const text = JSON.stringify(entry, undefined, 1);
    length += text.length;
    parts.push(text);
  }
  const type = 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump';
  return `{"configs": [{"@type": "${type}", "dynamic_route_configs": [${parts.join(',\n')}]}]}\n`;
}

const folder = mkdtempSync(join(tmpdir(), 'lateen-look-'));
const paths: LookInside = {
  folder,
  small: join(folder, 'small'),
  large: join(folder, 'large'),
  dump: join(folder, 'dump.json'),
};
writeFileSync(paths.dump, dumpText());
await meshOf(10, paths.small);
await meshOf(2000, paths.large);
process.stdout.write(`${JSON.stringify(paths)}\n`);
