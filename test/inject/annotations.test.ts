import { describe, expect, it } from 'vitest';
import { injectedPod } from './settings-for-tests.ts';
import type { InjectedPod } from './settings-for-tests.ts';

const T = 'traffic.sidecar.istio.io';
const S = 'sidecar.istio.io';

describe('annotations of a pod', () => {
  const effects: readonly [
    name: string,
    value: string,
    look: (pod: InjectedPod) => unknown,
    expected: unknown,
  ][] = [
    [`${S}/interceptionMode`, 'TPROXY', (pod) => pod.flag('-m'), 'TPROXY'],
    [
      `${S}/interceptionMode`,
      'TPROXY',
      (pod) => pod.container('istio-proxy').securityContext,
      expect.objectContaining({
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
        runAsUser: 0,
        runAsGroup: 1337,
      }),
    ],
    [`${S}/interceptionMode`, 'NONE', (pod) => pod.initContainers, []],
    [`${T}/includeOutboundIPRanges`, '10.0.0.0/8,fd00::/8', (pod) => pod.flag('-i'), '10.0.0.0/8,fd00::/8'],
    [`${T}/includeOutboundIPRanges`, '', (pod) => pod.flag('-i'), ''],
    [`${T}/excludeOutboundIPRanges`, '10.1.0.0/16', (pod) => pod.flag('-x'), '10.1.0.0/16'],
    [`${T}/includeInboundPorts`, '80,81', (pod) => pod.flag('-b'), '80,81'],
    [`${T}/includeInboundPorts`, '', (pod) => pod.flag('-b'), ''],
    [`${T}/excludeInboundPorts`, '4,15021', (pod) => pod.flag('-d'), '15090,15021,15020,4'],
    [`${T}/includeOutboundPorts`, '443', (pod) => pod.flag('-q'), '443'],
    [`${T}/excludeOutboundPorts`, '3306', (pod) => pod.flag('-o'), '3306'],
    [`${T}/kubevirtInterfaces`, 'net1,net2', (pod) => pod.flag('-k'), 'net1,net2'],
    ['istio.io/reroute-virtual-interfaces', 'net3', (pod) => pod.flag('-k'), 'net3'],
    [`${T}/excludeInterfaces`, 'eth1', (pod) => pod.flag('-c'), 'eth1'],
    [`${S}/proxyCPU`, '50m', (pod) => pod.container('istio-proxy').resources, { requests: { cpu: '50m' } }],
    [
      `${S}/proxyMemoryLimit`,
      '64Mi',
      (pod) => pod.container('istio-init').resources,
      { limits: { memory: '64Mi' } },
    ],
    [
      `${S}/proxyImage`,
      'registry.example/proxy:x',
      (pod) => pod.container('istio-proxy').image,
      'registry.example/proxy:x',
    ],
    [`${S}/proxyImageType`, 'debug', (pod) => pod.container('istio-proxy').image, 'lateen/proxy:1.2.3-debug'],
    [
      `${S}/logLevel`,
      'debug',
      (pod) => pod.container('istio-proxy').args,
      expect.arrayContaining(['--proxyLogLevel=debug']),
    ],
    [
      `${S}/componentLogLevel`,
      'http:trace',
      (pod) => pod.container('istio-proxy').args,
      expect.arrayContaining(['--proxyComponentLogLevel=http:trace']),
    ],
    [
      `${S}/agentLogLevel`,
      'all:debug',
      (pod) => pod.container('istio-init').args,
      expect.arrayContaining(['--log_output_level=all:debug']),
    ],
    [
      `${S}/nativeSidecar`,
      'true',
      (pod) => pod.initContainers.map(({ name }) => name),
      ['istio-init', 'istio-proxy'],
    ],
    [`${S}/nativeSidecar`, 'true', (pod) => pod.container('istio-proxy').restartPolicy, 'Always'],
    [
      `${S}/enableCoreDump`,
      'true',
      (pod) => pod.initContainers.map(({ name }) => name),
      ['istio-init', 'enable-core-dump'],
    ],
    [
      `${S}/bootstrapOverride`,
      'mine',
      (pod) => pod.volumes,
      expect.arrayContaining([{ name: 'custom-bootstrap-volume', configMap: { name: 'mine' } }]),
    ],
    [`${S}/userVolume`, '{"v":{"emptyDir":{}}}', (pod) => pod.volumes.at(-1), { name: 'v', emptyDir: {} }],
    [
      `${S}/userVolumeMount`,
      '{"v":{"mountPath":"/v"}}',
      (pod) => (pod.container('istio-proxy').volumeMounts as unknown[]).at(-1),
      { name: 'v', mountPath: '/v' },
    ],
    [`status.${S}/port`, '123', (pod) => pod.flag('-d'), '15090,15021,123'],
    [`status.${S}/port`, '0', (pod) => pod.container('istio-proxy').readinessProbe, undefined],
    [
      `readiness.status.${S}/periodSeconds`,
      '7',
      (pod) => pod.container('istio-proxy').readinessProbe,
      expect.objectContaining({ periodSeconds: 7, failureThreshold: 4 }),
    ],
    [
      'proxy.istio.io/config',
      'holdApplicationUntilProxyStarts: true',
      (pod) => pod.containers.map(({ name }) => name),
      ['istio-proxy', 'app'],
    ],
    ['proxy.istio.io/config', 'concurrency: 2', (pod) => pod.env('PROXY_CONFIG'), '{"concurrency":2}'],
    [
      'proxy.istio.io/config',
      '{"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}}',
      (pod) => pod.env('ISTIO_META_DNS_CAPTURE'),
      'true',
    ],
    [
      'inject.istio.io/templates',
      'sidecar, spire',
      (pod) => pod.volumes.find(({ name }) => name === 'workload-socket'),
      { name: 'workload-socket', csi: { driver: 'csi.spiffe.io', readOnly: true } },
    ],
    [
      'inject.istio.io/templates',
      'gateway',
      (pod) => pod.container('istio-proxy').args.slice(0, 2),
      ['proxy', 'router'],
    ],
    [
      'prometheus.io/port',
      '8080',
      (pod) => [pod.annotations['prometheus.io/port'], pod.env('ISTIO_PROMETHEUS_ANNOTATIONS')],
      ['15020', '{"port":"8080"}'],
    ],
    ['prometheus.io/scrape', 'false', (pod) => pod.annotations['prometheus.io/port'], undefined],
    ['prometheus.istio.io/merge-metrics', 'false', (pod) => pod.annotations['prometheus.io/port'], undefined],
    [
      'prometheus.istio.io/scrape-targets',
      '8080:/m,9100',
      (pod) => pod.env('ISTIO_PROMETHEUS_ANNOTATIONS'),
      '{"path":"/m","port":"8080","targets":[{"port":"8080","path":"/m"},{"port":"9100","path":"/metrics"}]}',
    ],
  ];
  it.each(effects)('%s=%j has its effect', (name, value, look, expected) => {
    const pod = injectedPod({ annotations: { [name]: value } });
    expect(look(pod)).toEqual(expected);
    expect(look(injectedPod())).not.toEqual(expected);
  });

  const refused: readonly [name: string, value: string, words: RegExp][] = [
    [`${S}/interceptionMode`, 'redirect', /REDIRECT, TPROXY or NONE/],
    [`${T}/includeOutboundIPRanges`, 'bad', /"\*", or IP ranges/],
    [`${T}/includeOutboundIPRanges`, '10.0.0.0', /IP ranges/],
    [`${T}/excludeOutboundIPRanges`, '*', /IP ranges/],
    [`${T}/includeInboundPorts`, '80-90', /ports/],
    [`${T}/excludeInboundPorts`, '*', /ports/],
    [`${T}/excludeInboundPorts`, '65536', /0 to 65535/],
    [`${T}/includeOutboundPorts`, '80,', /ports/],
    [`${T}/excludeInterfaces`, 'a/b', /interfaces/],
    [`${S}/proxyCPU`, 'much', /quantity/],
    [`${S}/proxyMemory`, '-1Gi', /quantity/],
    [`${S}/userVolume`, '[]', /JSON object/],
    [`${S}/userVolumeMount`, '{', /JSON/],
    [`${S}/rewriteAppHTTPProbers`, 'maybe', /true or false/],
    [`status.${S}/port`, 'http', /port/],
    [`readiness.status.${S}/failureThreshold`, '-1', /whole number/],
    ['proxy.istio.io/config', 'concurency: 2', /did you mean concurrency/],
    ['proxy.istio.io/config', 'concurrency: two', /count of threads/],
    ['proxy.istio.io/config', '{', /YAML/],
    ['inject.istio.io/templates', 'sidecart', /no injection template "sidecart"/],
    ['inject.istio.io/templates', 'constructor', /no injection template "constructor"/],
    ['prometheus.istio.io/scrape-targets', '15090', /belongs to the proxy/],
    ['prometheus.istio.io/scrape-targets', 'x:/m', /1 to 65535/],
    ['prometheus.io/port', '99999', /1 to 65535/],
  ];
  it.each(refused)('%s=%j is refused, with what it should be', (name, value, words) => {
    expect(() => injectedPod({ annotations: { [name]: value } })).toThrow(words);
  });

  it('gets the proxy that needs no privilege, and root only for istio-init', () => {
    const pod = injectedPod();
    expect(pod.container('istio-proxy').securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.container('istio-init').securityContext).toMatchObject({
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      privileged: false,
      runAsUser: 0,
    });
  });

  it('lets iptables pass the user of a proxy container that the pod brings', () => {
    const own = { name: 'istio-proxy', image: 'auto', securityContext: { runAsUser: 1234 } };
    const pod = injectedPod({ spec: { containers: [{ name: 'app', image: 'a' }, own] } });
    expect(pod.flag('-u')).toBe('1234');
    expect(pod.container('istio-proxy')).toMatchObject({
      image: 'lateen/proxy:1.2.3',
      securityContext: { runAsUser: 1234, runAsGroup: 1337 },
    });
    expect(pod.containers).toHaveLength(2);
  });

  it('keeps what the pod says of its own proxy container, and adds the rest', () => {
    const own = {
      name: 'istio-proxy',
      image: 'mine',
      args: ['x'],
      env: [{ name: 'POD_NAME', value: 'p' }],
      readinessProbe: { exec: { command: ['true'] } },
    };
    const proxy = injectedPod({ spec: { containers: [own, { name: 'app', image: 'a' }] } }).container(
      'istio-proxy',
    );
    expect(proxy).toMatchObject({
      image: 'mine',
      args: ['x'],
      readinessProbe: { exec: { command: ['true'] } },
    });
    expect(proxy.env.filter(({ name }) => name === 'POD_NAME')).toEqual([{ name: 'POD_NAME', value: 'p' }]);
    expect(proxy.env.map(({ name }) => name)).toContain('POD_NAMESPACE');
  });

  it('adds what the CNI plugin reads, in place of the init container, where one is used', () => {
    const values = [{ pilot: { cni: { enabled: true, provider: 'multus' } } }];
    const pod = injectedPod({ annotations: { 'k8s.v1.cni.cncf.io/networks': 'alt' } }, { values });
    expect(pod.initContainers.map(({ name }) => name)).toEqual(['istio-validation']);
    expect(pod.container('istio-validation').securityContext).toMatchObject({
      runAsUser: 1337,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.annotations).toMatchObject({
      'k8s.v1.cni.cncf.io/networks': 'alt,default/istio-cni',
      'sidecar.istio.io/interceptionMode': 'REDIRECT',
    });
    const json = injectedPod(
      { annotations: { 'k8s.v1.cni.cncf.io/networks': '[{"name": "alt"}]' } },
      { values },
    );
    expect(JSON.parse(json.annotations['k8s.v1.cni.cncf.io/networks'] ?? '')).toEqual([
      { name: 'alt' },
      { name: 'istio-cni', namespace: 'default' },
    ]);
  });

  it('runs the init containers of the pod before traffic is captured, or inside of the mesh with a native sidecar', () => {
    const spec = {
      containers: [{ name: 'app', image: 'a' }],
      initContainers: [{ name: 'first', image: 'i' }],
    };
    expect(injectedPod({ spec }).initContainers.map(({ name }) => name)).toEqual(['first', 'istio-init']);
    expect(injectedPod({ spec }, { nativeSidecar: true }).initContainers.map(({ name }) => name)).toEqual([
      'istio-init',
      'istio-proxy',
      'first',
    ]);
  });
});

describe('labels of a pod', () => {
  it.each([
    [{ app: 'a', version: 'v1' }, 'a', 'v1'],
    [{ 'app.kubernetes.io/name': 'b', app: 'a', 'app.kubernetes.io/version': '2' }, 'b', '2'],
    [{ 'service.istio.io/canonical-name': 'c', app: 'a' }, 'c', 'latest'],
    [{}, 'web', 'latest'],
  ])('%j give the canonical name %s and revision %s', (labels, name, revision) => {
    expect(injectedPod({ labels: labels as Record<string, string> }).labels).toMatchObject({
      'security.istio.io/tlsMode': 'istio',
      'service.istio.io/canonical-name': name,
      'service.istio.io/canonical-revision': revision,
    });
  });

  it('are cut to the 63 characters that a label may have', () => {
    const labels = { app: `${'a'.repeat(62)}-b` };
    expect(injectedPod({ labels }).labels['service.istio.io/canonical-name']).toBe('a'.repeat(62));
  });
});

describe('probes of a pod', () => {
  const probed = (
    container: Record<string, unknown>,
    annotations: Record<string, string> = {},
  ): InjectedPod =>
    injectedPod({
      annotations,
      spec: {
        containers: [{ name: 'app', image: 'a', ports: [{ name: 'http', containerPort: 80 }], ...container }],
      } as never,
    });
  const probers = (pod: InjectedPod): unknown => JSON.parse(pod.env('ISTIO_KUBE_APP_PROBERS') ?? 'null');

  it('go through the agent, which knows where to ask', () => {
    const pod = probed({
      readinessProbe: {
        httpGet: { path: '/r', port: 'http', scheme: 'HTTPS' },
        periodSeconds: 3,
        timeoutSeconds: 2,
      },
      livenessProbe: { tcpSocket: { port: 90 } },
      startupProbe: { grpc: { port: 91, service: 's' } },
      lifecycle: { preStop: { httpGet: { path: '/bye', port: 80 } } },
    });
    expect(pod.container('app')).toMatchObject({
      readinessProbe: {
        httpGet: { path: '/app-health/app/readyz', port: 15020, scheme: 'HTTP' },
        periodSeconds: 3,
      },
      livenessProbe: { httpGet: { path: '/app-health/app/livez', port: 15020 } },
      startupProbe: { httpGet: { path: '/app-health/app/startupz', port: 15020 } },
      lifecycle: { preStop: { httpGet: { path: '/app-lifecycle/app/prestopz', port: 15020 } } },
    });
    expect(pod.container('app').livenessProbe).not.toHaveProperty('tcpSocket');
    expect(probers(pod)).toEqual({
      '/app-health/app/livez': { tcpSocket: { port: 90 } },
      '/app-health/app/readyz': { httpGet: { path: '/r', port: 80, scheme: 'HTTPS' }, timeoutSeconds: 2 },
      '/app-health/app/startupz': { grpc: { port: 91, service: 's' } },
      '/app-lifecycle/app/prestopz': { httpGet: { path: '/bye', port: 80 } },
    });
  });

  it.each([
    ['that run a command', { exec: { command: ['true'] } }],
    ['of a port that the container does not name', { httpGet: { port: 'admin' } }],
    ['that ask the agent already', { httpGet: { port: 15020, path: '/x' } }],
  ])('%s stay as they are', (_what, readinessProbe) => {
    const pod = probed({ readinessProbe });
    expect(pod.container('app').readinessProbe).toEqual(readinessProbe);
    expect(probers(pod)).toBeNull();
  });

  it('stay as they are where the pod says so', () => {
    const readinessProbe = { httpGet: { port: 80 } };
    expect(
      probed({ readinessProbe }, { 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' }).container('app')
        .readinessProbe,
    ).toEqual(readinessProbe);
  });

  it('ask the port that the pod chooses for the agent', () => {
    const pod = probed(
      { readinessProbe: { httpGet: { port: 80 } } },
      { 'status.sidecar.istio.io/port': '9999' },
    );
    expect(pod.container('app').readinessProbe).toMatchObject({ httpGet: { port: 9999 } });
  });
});
