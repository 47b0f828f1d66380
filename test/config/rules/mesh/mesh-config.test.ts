import { describe, expect, test } from 'vitest';
import { settingsFindings } from './embedded.ts';

const meshFindings = (yaml: string): Promise<string[]> => settingsFindings('mesh', yaml);

/** A configuration of today, with a bit of everything. */
const TODAY = `
accessLogFile: /dev/stdout
connectTimeout: 10s
protocolDetectionTimeout: 0s
trustDomain: cluster.local
trustDomainAliases: [old.td, td.2.]
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
  proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}
  tracing: {zipkin: {address: "$(HOST_IP):9411"}, sampling: 50, customTags: {a: {literal: {value: b}}}}
  drainDuration: 45s
  holdApplicationUntilProxyStarts: true
  statsdUdpAddress: "[2001:db8::1]:9125"
  privateKeyProvider: {cryptomb: {pollDelay: 10ms}}
  connectionSettings: {httpIdleTimeout: 0s, http2InitialStreamWindowSize: 65535}
  proxyStatsMatcher: {inclusionRegexps: ["cluster\\\\..*"]}
extensionProviders:
- {name: authz, envoyExtAuthzHttp: {service: auth.ns.svc.cluster.local, port: 8000, pathPrefix: /check, statusOnError: "503"}}
- {name: authz-grpc, envoyExtAuthzGrpc: {service: ns/auth.example.com, port: 9000}}
- {name: zipkin, zipkin: {service: 10.0.0.1, port: 9411}}
- {name: otel, opentelemetry: {service: otel.ns, port: 4317, grpc: {timeout: 1s}, dynatraceSampler: {tenant: a, clusterId: 1}}}
- {name: file, envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {a: "%X%"}}}}
- {name: als, envoyTcpAls: {service: als.ns, port: 1}}
- {name: prom, prometheus: {}}
- {name: sd, stackdriver: {logging: {labels: {a: b}}}}
localityLbSetting: {distribute: [{from: "a/*", to: {a/b: 80, c: 20}}]}
zoneAwareLbSetting: {failover: [{from: a, to: b}]}
serviceSettings: [{settings: {clusterLocal: true}, hosts: ["*.ns.svc.cluster.local", "*"]}]
tlsDefaults: {ecdhCurves: [P-256, X25519], minProtocolVersion: TLSV1_2}
meshMTLS: {minProtocolVersion: TLSV1_3}
defaultHttpRetryPolicy: {attempts: 3, retryOn: "5xx,reset,503"}
defaultInboundHttpRetryPolicy: {attempts: 1, backoff: 25ms}
defaultTrafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}, outlierDetection: {interval: 1s}}
discoverySelectors: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]
ca: {address: "ca.example.com:443", tlsSettings: {mode: SIMPLE}}
`;

/** One as release 1.4 installed it. */
const OF_1_4 = `
disablePolicyChecks: true
mixerCheckServer: istio-policy.istio-system.svc.cluster.local:9091
mixerReportServer: istio-telemetry.istio-system.svc.cluster.local:9091
reportBatchMaxEntries: 100
reportBatchMaxTime: 1s
enableTracing: true
ingressControllerMode: STRICT
sdsUdsPath: ""
authPolicy: NONE
rootNamespace: istio-system
configSources: [{address: "istio-galley.istio-system.svc:9901", tlsSettings: {mode: ISTIO_MUTUAL}}]
defaultConfig:
  connectTimeout: 10s
  configPath: /etc/istio/proxy
  binaryPath: /usr/local/bin/envoy
  serviceCluster: istio-proxy
  drainDuration: 45s
  parentShutdownDuration: 1m0s
  proxyAdminPort: 15000
  concurrency: 2
  controlPlaneAuthPolicy: NONE
  discoveryAddress: istio-pilot.istio-system:15010
  tracing: {lightstep: {address: "a:443", accessToken: b, secure: true, cacertPath: /c}}
`;

describe('a mesh configuration', () => {
  test('of today is fine', async () => {
    expect(await meshFindings(TODAY)).toEqual([]);
  });

  test('of release 1.4 is fine but for warnings of what is gone', async () => {
    const findings = await meshFindings(OF_1_4);
    expect(findings.filter((finding) => !finding.startsWith('Warning DeprecatedField'))).toEqual([]);
    expect(findings).toContain('Warning DeprecatedField mixerCheckServer');
    expect(findings).toContain('Warning DeprecatedField defaultConfig.parentShutdownDuration');
  });

  test.each([
    ['proxyListenPort: 0', 'InvalidValue proxyListenPort'],
    ['proxyListenPort: 65536', 'InvalidValue proxyListenPort'],
    ['connectTimeout: 0s', 'InvalidValue connectTimeout'],
    ['connectTimeout: 61m', 'InvalidValue connectTimeout'],
    ['connectTimeout: 1.5ms', 'InvalidValue connectTimeout'],
    ['protocolDetectionTimeout: 1.5ms', 'InvalidValue protocolDetectionTimeout'],
    ['dnsRefreshRate: -1s', 'InvalidValue dnsRefreshRate'],
    ['acessLogFile: a', 'UnknownField acessLogFile'],
    ['outboundTrafficPolicy: {mode: VIRTUAL_SERVICE_ONLY}', 'InvalidValue outboundTrafficPolicy.mode'],
    [
      'outboundTrafficPolicy: {tls: {mode: MUTUAL, clientCertificate: a}}',
      'MissingField outboundTrafficPolicy.tls.privateKey',
    ],
    ['trustDomain: ""', 'InvalidValue trustDomain'],
    ['trustDomain: a_b', 'InvalidValue trustDomain'],
    ['trustDomainAliases: [a, ""]', 'InvalidValue trustDomainAliases[1]'],
    ['serviceSettings: [{hosts: ["a.*.b"]}]', 'InvalidValue serviceSettings[0].hosts[0]'],
    ['meshMTLS: {ecdhCurves: [P-256]}', 'InvalidValue meshMTLS.ecdhCurves'],
    ['localityLbSetting: {failover: [{from: a, to: a}]}', 'InvalidValue localityLbSetting.failover[0]'],
    [
      'zoneAwareLbSetting: {failoverPriority: [topology.kubernetes.io/zone]}',
      'InvalidValue zoneAwareLbSetting.failoverPriority[0]',
    ],
    ['defaultTrafficPolicy: {connectionPool: {}}', 'MissingField defaultTrafficPolicy.connectionPool'],
    [
      'defaultTrafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1}}',
      'InvalidValue defaultTrafficPolicy.outlierDetection.consecutiveLocalOriginFailures',
    ],
    ['defaultHttpRetryPolicy: {attempts: 1, retryOn: 6xx}', 'InvalidValue defaultHttpRetryPolicy.retryOn'],
    ['defaultInboundHttpRetryPolicy: {backoff: 25ms}', 'InvalidValue defaultInboundHttpRetryPolicy.backoff'],
    ['mixerCheckServer: "a:0"', 'InvalidValue mixerCheckServer'],
    ['caCertificates: [{pem: a, spiffeBundleUrl: b}]', 'ExclusiveFields caCertificates[0].spiffeBundleUrl'],
  ])('with %s is refused: %s', async (yaml, finding) => {
    expect(await meshFindings(yaml)).toContain(`Error ${finding}`);
  });

  test.each([
    ['defaultHttpRetryPolicy: {retryOn: "503"}', 'Warning Questionable defaultHttpRetryPolicy.attempts'],
    ['tlsDefaults: {ecdhCurves: [P-257]}', 'Warning Questionable tlsDefaults.ecdhCurves[0]'],
    ['tlsDefaults: {ecdhCurves: [P-256, P-256]}', 'Warning Duplicate tlsDefaults.ecdhCurves[1]'],
    [
      'defaultInboundHttpRetryPolicy: {attempts: 1, perTryTimeout: 1s}',
      'Warning Questionable defaultInboundHttpRetryPolicy.perTryTimeout',
    ],
    [
      'defaultInboundHttpRetryPolicy: {attempts: 1, retryRemoteLocalities: true}',
      'Warning Questionable defaultInboundHttpRetryPolicy.retryRemoteLocalities',
    ],
    ['certificates: []', 'Warning DeprecatedField certificates'],
  ])('with %s: %s', async (yaml, finding) => {
    expect(await meshFindings(yaml)).toEqual([finding]);
  });
});

describe('the settings of proxies', () => {
  test.each([
    ['configPath: ""', 'InvalidValue configPath'],
    ['binaryPath: ""', 'InvalidValue binaryPath'],
    ['serviceCluster: ""', 'InvalidValue serviceCluster'],
    ['serviceCluster: a, tracingServiceName: CANONICAL_NAME_ONLY', 'ExclusiveFields tracingServiceName'],
    ['drainDuration: 0s', 'InvalidValue drainDuration'],
    ['drainDuration: 1.5s', 'InvalidValue drainDuration'],
    ['drainDuration: 60s, parentShutdownDuration: 45s', 'InvalidValue parentShutdownDuration'],
    ['discoveryAddress: ""', 'InvalidValue discoveryAddress'],
    ['discoveryAddress: istiod', 'InvalidValue discoveryAddress'],
    ['discoveryAddress: "istiod:port"', 'InvalidValue discoveryAddress'],
    ['discoveryAddress: "a_b:80"', 'InvalidValue discoveryAddress'],
    ['statsdUdpAddress: "a:0"', 'InvalidValue statsdUdpAddress'],
    ['envoyMetricsService: {address: a}', 'InvalidValue envoyMetricsService.address'],
    ['envoyAccessLogService: {address: "a:99999"}', 'InvalidValue envoyAccessLogService.address'],
    ['envoyMetricsServiceAddress: a', 'InvalidValue envoyMetricsServiceAddress'],
    ['tracing: {zipkin: {}}', 'InvalidValue tracing.zipkin.address'],
    ['tracing: {datadog: {address: a}}', 'InvalidValue tracing.datadog.address'],
    ['tracing: {lightstep: {address: "a:1"}}', 'MissingField tracing.lightstep.accessToken'],
    [
      'tracing: {lightstep: {address: "a:1", accessToken: b, secure: true}}',
      'MissingField tracing.lightstep.cacertPath',
    ],
    ['tracing: {zipkin: {address: "a:1"}, datadog: {address: "a:1"}}', 'ExclusiveFields tracing.datadog'],
    ['tracing: {sampling: 101}', 'InvalidValue tracing.sampling'],
    [
      'tracing: {tlsSettings: {mode: MUTUAL, privateKey: a}}',
      'MissingField tracing.tlsSettings.clientCertificate',
    ],
    ['proxyAdminPort: 0', 'InvalidValue proxyAdminPort'],
    ['statusPort: 70000', 'InvalidValue statusPort'],
    ['controlPlaneAuthPolicy: INHERIT', 'InvalidValue controlPlaneAuthPolicy'],
    ['concurrency: -1', 'InvalidValue concurrency'],
    ['privateKeyProvider: {cryptomb: {pollDelay: 0s}}', 'InvalidValue privateKeyProvider.cryptomb.pollDelay'],
    ['privateKeyProvider: {qat: {}}', 'MissingField privateKeyProvider.qat.pollDelay'],
    ['connectionSettings: {httpDrainTimeout: -1s}', 'InvalidValue connectionSettings.httpDrainTimeout'],
    [
      'connectionSettings: {httpMaxConcurrentStreams: 0}',
      'InvalidValue connectionSettings.httpMaxConcurrentStreams',
    ],
    [
      'connectionSettings: {http2InitialConnectionWindowSize: 65534}',
      'InvalidValue connectionSettings.http2InitialConnectionWindowSize',
    ],
    [
      'connectionSettings: {listenerPerConnectionBufferLimitBytes: -1}',
      'InvalidValue connectionSettings.listenerPerConnectionBufferLimitBytes',
    ],
    [
      'connectionSettings: {listenerConnectionLimit: 0}',
      'InvalidValue connectionSettings.listenerConnectionLimit',
    ],
    ['proxyStatsMatcher: {inclusionRegexps: ["("]}', 'InvalidValue proxyStatsMatcher.inclusionRegexps[0]'],
    ['proxyMetadata: {A: 1}', 'WrongType proxyMetadata.A'],
  ])('with %s are refused: %s', async (config, finding) => {
    const [check, path] = finding.split(' ');
    expect(await meshFindings(`defaultConfig: {${config}}`)).toContain(
      `Error ${check} defaultConfig.${path}`,
    );
  });

  test('that allocate addresses in the old way are warned of', async () => {
    expect(
      await meshFindings('defaultConfig: {proxyMetadata: {ISTIO_META_DNS_AUTO_ALLOCATE: "true"}}'),
    ).toEqual(['Warning DeprecatedField defaultConfig.proxyMetadata.ISTIO_META_DNS_AUTO_ALLOCATE']);
  });
});

describe('an extension provider', () => {
  const provider = (text: string): Promise<string[]> => meshFindings(`extensionProviders: [${text}]`);

  test.each([
    ['{prometheus: {}}', 'MissingField', '.name'],
    ['{name: "", prometheus: {}}', 'InvalidValue', '.name'],
    ['{name: a, zipkin: {service: a, port: 0}}', 'InvalidValue', '.zipkin.port'],
    ['{name: a, zipkin: {service: a}}', 'MissingField', '.zipkin.port'],
    ['{name: a, zipkin: {port: 80}}', 'MissingField', '.zipkin.service'],
    ['{name: a, datadog: {service: "", port: 80}}', 'InvalidValue', '.datadog.service'],
    ['{name: a, skywalking: {service: a_b, port: 80}}', 'InvalidValue', '.skywalking.service'],
    ['{name: a, envoyHttpAls: {service: ns/short, port: 80}}', 'InvalidValue', '.envoyHttpAls.service'],
    ['{name: a, envoyOtelAls: {service: "ns/*a.b", port: 80}}', 'InvalidValue', '.envoyOtelAls.service'],
    ['{name: a, lightstep: {service: a, port: 80}}', 'MissingField', '.lightstep.accessToken'],
    [
      '{name: a, envoyExtAuthzGrpc: {service: a, port: 80, statusOnError: "999"}}',
      'InvalidValue',
      '.envoyExtAuthzGrpc.statusOnError',
    ],
    [
      '{name: a, envoyExtAuthzHttp: {service: a, port: 80, statusOnError: "no"}}',
      'InvalidValue',
      '.envoyExtAuthzHttp.statusOnError',
    ],
    [
      '{name: a, envoyExtAuthzHttp: {service: a, port: 80, pathPrefix: check}}',
      'InvalidValue',
      '.envoyExtAuthzHttp.pathPrefix',
    ],
    [
      '{name: a, envoyExtAuthzHttp: {service: a, port: 80, pathPrefix: "/%z"}}',
      'InvalidValue',
      '.envoyExtAuthzHttp.pathPrefix',
    ],
    [
      '{name: a, opentelemetry: {service: a, port: 80, http: {path: /}, grpc: {}}}',
      'ExclusiveFields',
      '.opentelemetry.grpc',
    ],
    [
      '{name: a, envoyFileAccessLog: {logFormat: {text: a, labels: {}}}}',
      'ExclusiveFields',
      '.envoyFileAccessLog.logFormat.labels',
    ],
    ['{name: a, prometheus: {}, stackdriver: {}}', 'ExclusiveFields', ''],
    ['{name: a}', '', ''],
  ])('such as %s is refused: %s', async (text, check, path) => {
    const findings = await provider(text);
    expect(
      findings.some(
        (one) => one.startsWith(`Error ${check}`) && one.includes(`extensionProviders[0]${path}`),
      ),
    ).toBe(true);
  });

  test('has a name of its own', async () => {
    expect(await provider('{name: a, prometheus: {}}, {name: a, prometheus: {}}')).toEqual([
      'Error Duplicate extensionProviders[1].name',
    ]);
  });
});
