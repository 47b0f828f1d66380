/** The mesh that stands around a manifest of the acknowledgement tests, so that every part of it reaches a proxy. */

export type Json = Readonly<Record<string, unknown>>;

export const NAMESPACE = 'micro-shake-factory';
export const GATEWAY_LABELS = { istio: 'ingressgateway' };

/** Protocols of ports that manifests refer to; all others are HTTP. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  443: 'TLS',
  3306: 'MySQL',
  9000: 'TCP',
  27017: 'Mongo',
};

/** Every value under a key of that name, wherever it stands. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...valuesOf(inner, key),
  ]);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** Files that really exist, as a proxy reads them when it is given their paths. */
export interface KeyFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Fields of TLS settings that name a file, and which file it has to be. */
const FILE_FIELDS: Readonly<Record<string, keyof KeyFiles>> = {
  serverCertificate: 'certificate',
  clientCertificate: 'certificate',
  caCertificates: 'certificate',
  privateKey: 'privateKey',
};

/** The manifests with files that exist in place of those that they name; nothing else is different. */
export function withFiles(value: unknown, files: KeyFiles): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => withFiles(one, files));
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const file = FILE_FIELDS[name];
      const isPath = file !== undefined && typeof inner === 'string' && inner !== '';
      return [name, isPath ? files[file] : withFiles(inner, files)];
    }),
  );
}

/** The manifest in the namespace of the proxies and selecting them, with the services that it speaks of. */
export function meshAround(manifests: readonly Json[]): Json[] {
  const here = manifests.map((one) => ({ ...moved(one), spec: reaching(one) }));
  return [...here, ...servicesOf(manifests)];
}

function moved(manifest: Json): Json {
  const { metadata } = manifest;
  return { ...manifest, metadata: { ...(isJson(metadata) ? metadata : {}), namespace: NAMESPACE } };
}

function reaching({ kind, spec }: Json): unknown {
  if (!isJson(spec)) return spec;
  switch (kind) {
    case 'Gateway':
      return { ...spec, selector: GATEWAY_LABELS };
    case 'VirtualService': {
      const hosts = texts(spec.hosts);
      if (hosts.length === 0) return spec;
      const mesh = hosts.includes('*') ? [] : ['mesh'];
      return { ...spec, gateways: [...new Set([...texts(spec.gateways), ...mesh, 'front'])] };
    }
    case 'DestinationRule':
    case 'EnvoyFilter':
    case 'Sidecar': {
      const { workloadSelector: _selector, ...all } = spec;
      return all;
    }
    default:
      return spec;
  }
}

/** A ServiceEntry for each host that is called, with all ports and one endpoint for each subset. */
function servicesOf(manifests: readonly Json[]): Json[] {
  const own = new Set(
    manifests
      .filter(({ kind }) => kind === 'ServiceEntry')
      .flatMap((one) => texts(valuesOf(one, 'hosts')[0])),
  );
  const called = manifests.flatMap((one) => [
    ...valuesOf(one, 'host'),
    ...(one.kind === 'VirtualService' ? texts(valuesOf(one, 'hosts')[0]) : []),
  ]);
  const hosts = [...new Set(called.map((host) => fullName(String(host))))];
  const ports = [80, 443, 9000, ...valuesOf(manifests, 'number').map(Number)].filter(
    (port) => Number.isInteger(port) && port > 0 && port < 65_536,
  );
  const labels = valuesOf(manifests, 'subsets')
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((subset: unknown) => (isJson(subset) ? subset.labels : undefined))
    .filter(isJson);
  return hosts
    .filter((host) => !own.has(host) && /^[a-z0-9]/i.test(host))
    .map((host, index) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: `called-${index}`, namespace: NAMESPACE },
      spec: {
        hosts: [host],
        addresses: [`10.96.1.${index + 1}`],
        ports: [...new Set(ports)].map((number) => ({
          number,
          name: `port-${number}`,
          protocol: PROTOCOLS[number] ?? 'HTTP',
        })),
        resolution: 'STATIC',
        endpoints: [{}, ...labels].map((own, place) => ({
          address: `10.40.${index}.${place + 1}`,
          labels: own,
        })),
      },
    }));
}

/** A short name belongs to the namespace; of a wildcard one of the names that it means. */
function fullName(host: string): string {
  if (host.startsWith('*.')) return `any.${host.slice(2)}`;
  return host.includes('.') ? host : `${host}.${NAMESPACE}.svc.cluster.local`;
}

/** What the proxies serve whatever else is there. */
export const BASE: readonly Json[] = [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'front', namespace: NAMESPACE },
    spec: {
      selector: GATEWAY_LABELS,
      servers: [
        { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
        { port: { number: 9000, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
        { port: { number: 8443, name: 'tls', protocol: 'TLS' }, tls: { mode: 'PASSTHROUGH' }, hosts: ['*'] },
      ],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'own', namespace: NAMESPACE },
    spec: {
      hosts: [`juice.${NAMESPACE}.svc.cluster.local`],
      addresses: ['10.96.0.1'],
      location: 'MESH_INTERNAL',
      ports: [
        { number: 80, name: 'http', protocol: 'HTTP', targetPort: 8080 },
        { number: 9000, name: 'tcp', protocol: 'TCP' },
      ],
      resolution: 'STATIC',
      endpoints: [{ address: '10.40.0.11', labels: { app: 'juice' } }],
    },
  },
];
