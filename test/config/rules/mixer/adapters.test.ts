import { describe, expect, it } from 'vitest';
import { errorsOf, findingsOf, mixerObject, warningsOf } from './findings.ts';

/** Parameters as the adapter's own kind, and inside a handler. */
const forms = (adapter: string, params: string) => [
  { form: adapter, yaml: mixerObject(adapter, params), prefix: 'spec' },
  {
    form: `handler of ${adapter}`,
    yaml: mixerObject('handler', `{compiledAdapter: ${adapter}, params: ${params}}`),
    prefix: 'spec.params',
  },
];

const REDIS_QUOTA = 'name: a.instance.b, maxAmount: 5, validDuration: 60s';

describe('sound parameters give no finding', () => {
  it.each(
    (
      [
        ['bypass', '{backendAddress: "localhost:9090", sessionBased: true}'],
        [
          'circonus',
          '{submission_url: "https://trap.example.com/x", submission_interval: 10s, metrics: [{name: a, type: COUNTER}]}',
        ],
        [
          'cloudwatch',
          '{namespace: a, logGroupName: b, logStreamName: c, logs: {x: {payloadTemplate: "{{or (.a) \\"}}\\"}} b"}}, metricInfo: {y: {unit: Count}}}',
        ],
        ['denier', '{status: {code: 7, message: Not allowed}, validDuration: 1s, validUseCount: 10}'],
        ['denier', '{}'],
        [
          'dogstatsd',
          '{address: "agent:8125", sampleRate: 0.5, metrics: {a: {name: b, type: DISTRIBUTION}}}',
        ],
        [
          'fluentd',
          '{address: "fluentd-es.logging:24224", integer_duration: true, max_batch_size_bytes: "1024"}',
        ],
        ['kubernetesenv', '{kubeconfig_path: /a, cluster_registries_namespace: istio-system}'],
        ['listchecker', '{providerUrl: "https://example.com/list", refreshInterval: 10s, ttl: 20s}'],
        ['listchecker', '{overrides: ["10.57.0.0/16", "fe80::1"], entryType: IP_ADDRESSES, blacklist: true}'],
        ['listchecker', '{overrides: ["a.*", "^b$"], entry_type: 3}'],
        [
          'memquota',
          '{quotas: [{name: a, maxAmount: 5000, validDuration: 1s, overrides: [{dimensions: {a: b, c: d}, maxAmount: 1}, {dimensions: {a: b}, maxAmount: 9}]}]}',
        ],
        ['noop', '{}'],
        [
          'opa',
          '{policy: ["# a comment\\n\\npackage mixerauthz\\nallow = true"], checkMethod: data.mixerauthz.allow}',
        ],
        [
          'prometheus',
          '{metrics: [{name: a, instance_name: b.instance.c, kind: COUNTER, label_names: [source, destination]}, {name: b, instanceName: d, kind: 3, buckets: {explicit_buckets: {bounds: [0.1, 1, 10]}}}]}',
        ],
        [
          'prometheus',
          '{metricsExpirationPolicy: {metricsExpiryDuration: 5m, expiryCheckIntervalDuration: 1m}}',
        ],
        ['rbac', '{config_store_url: "k8s://", cacheDuration: 30s}'],
        [
          'redisquota',
          `{redisServerUrl: "redis:6379", quotas: [{${REDIS_QUOTA}, bucketDuration: 9s, rateLimitAlgorithm: ROLLING_WINDOW, overrides: [{dimensions: {a: b}, maxAmount: 1}]}]}`,
        ],
        [
          'signalfx',
          '{accessToken: a, metrics: [{name: b, type: HISTOGRAM}], ingest_url: "https://ingest.example.com"}',
        ],
        [
          'solarwinds',
          '{papertrail_url: "logs5.papertrailapp.com:5000", appoptics_batch_size: 1000, metrics: {a: {label_names: [b]}}, logs: {c: {payload_template: "{{if .a}}b{{end}}"}}}',
        ],
        [
          'stackdriver',
          '{project_id: a, metricInfo: {b: {kind: DELTA, value: DISTRIBUTION, buckets: {linearBuckets: {numFiniteBuckets: 3, width: 2}}}}, trace: {sampleProbability: 1}}',
        ],
        [
          'statsd',
          '{address: "statsd:8125", samplingRate: 1, metrics: {a: {type: GAUGE, nameTemplate: "{{.apiMethod}}-{{.responseCode}}"}}}',
        ],
        ['stdio', '{severity_levels: {warning: 1, error: ERROR}, outputAsJson: true}'],
        ['stdio', '{logStream: FILE, outputPath: /var/log/a}'],
        ['zipkin', '{url: "http://zipkin:9411/api/v1/spans", sample_probability: 0.1}'],
      ] as const
    ).flatMap(([adapter, params]) => forms(adapter, params).map((one) => ({ ...one, params }))),
  )('$form $params', async ({ yaml }) => {
    expect(await findingsOf(yaml)).toEqual([]);
  });
});

describe('unsound parameters are errors at their field', () => {
  it.each(
    (
      [
        ['bypass', '{backendAddress: localhost}', 'backendAddress'],
        ['circonus', '{}', 'submissionUrl'],
        ['circonus', '{submissionUrl: trap, submissionInterval: 10s}', 'submissionUrl'],
        ['circonus', '{submissionUrl: "https://a.b", submissionInterval: 10ms}', 'submissionInterval'],
        ['circonus', '{submissionUrl: "https://a.b", metrics: [{type: COUNTER}]}', 'metrics[0].name'],
        ['circonus', '{submissionUrl: "https://a.b", metrics: [{name: a, type: METER}]}', 'metrics[0].type'],
        ['cloudwatch', '{namespace: a, logGroupName: b, logs: {}}', 'logStreamName'],
        ['cloudwatch', '{namespace: a, logGroupName: b, logStreamName: c}', 'logs'],
        [
          'cloudwatch',
          '{namespace: a, logGroupName: b, logStreamName: c, logs: {}, metricInfo: {x: {unit: Parsecs}}}',
          'metricInfo.x.unit',
        ],
        ['denier', '{status: {code: 7}, validDuration: -1s}', 'validDuration'],
        ['denier', '{status: {code: 7}, valid_use_count: -1}', 'valid_use_count'],
        ['dogstatsd', '{address: ""}', 'address'],
        ['dogstatsd', '{bufferLength: -1}', 'bufferLength'],
        ['dogstatsd', '{sampleRate: 1.5}', 'sampleRate'],
        ['dogstatsd', '{metrics: {a: {name: b}}}', 'metrics.a.type'],
        ['fluentd', '{address: "a:b:c"}', 'address'],
        ['fluentd', '{address: "a:99999"}', 'address'],
        ['fluentd', '{instanceBufferSize: -1}', 'instanceBufferSize'],
        ['fluentd', '{pushIntervalDuration: -1s}', 'pushIntervalDuration'],
        ['fluentd', '{push_timeout_duration: 5}', 'push_timeout_duration'],
        ['fluentd', '{adress: "a:1"}', 'adress'],
        ['kubernetesenv', '{cacheRefreshDuration: -5m}', 'cacheRefreshDuration'],
        ['kubernetesenv', '{clusterRegistriesNamespace: a_b}', 'clusterRegistriesNamespace'],
        ['listchecker', '{providerUrl: example.com}', 'providerUrl'],
        ['listchecker', '{providerUrl: "https://a.b", refreshInterval: 500ms}', 'refreshInterval'],
        ['listchecker', '{providerUrl: "https://a.b", refreshInterval: 1m, ttl: 30s}', 'ttl'],
        ['listchecker', '{providerUrl: "https://a.b", refreshInterval: 10m}', 'refreshInterval'],
        ['listchecker', '{overrides: [a], cachingInterval: -1s}', 'cachingInterval'],
        ['listchecker', '{overrides: [a], cachingUseCount: -1}', 'cachingUseCount'],
        ['listchecker', '{overrides: [10.0.0.0/33], entryType: IP_ADDRESSES}', 'overrides[0]'],
        ['listchecker', '{overrides: ["(a"], entryType: REGEX}', 'overrides[0]'],
        ['listchecker', '{overrides: [a], entryType: GLOB}', 'entryType'],
        ['memquota', '{minDeduplicationDuration: 0s}', 'minDeduplicationDuration'],
        ['memquota', '{quotas: [{maxAmount: 5}]}', 'quotas[0].name'],
        ['memquota', '{quotas: [{name: a, maxAmount: -5}]}', 'quotas[0].maxAmount'],
        ['memquota', '{quotas: [{name: a, maxAmount: 5, validDuration: -1s}]}', 'quotas[0].validDuration'],
        [
          'memquota',
          '{quotas: [{name: a, maxAmount: 5, overrides: [{dimensions: {a: b}, max_amount: -1}]}]}',
          'quotas[0].overrides[0].max_amount',
        ],
        ['memquota', '{quotas: [{name: a, maxAmount: five}]}', 'quotas[0].maxAmount'],
        ['opa', '{policy: ["package a"]}', 'checkMethod'],
        ['opa', '{checkMethod: data.a.b}', 'policy'],
        ['opa', '{checkMethod: data.a.b, policy: ["allow = true"]}', 'policy[0]'],
        ['prometheus', '{metrics: [{name: a, kind: COUNTER}]}', 'metrics[0].instanceName'],
        ['prometheus', '{metrics: [{instanceName: a}]}', 'metrics[0].kind'],
        ['prometheus', '{metrics: [{instanceName: a, kind: HISTOGRAM}]}', 'metrics[0].kind'],
        [
          'prometheus',
          '{metrics: [{instanceName: a, kind: COUNTER, labelNames: [a.b, a_b]}]}',
          'metrics[0].labelNames[1]',
        ],
        [
          'prometheus',
          '{metrics: [{name: a, instanceName: b, kind: COUNTER}, {name: a, instanceName: c, kind: GAUGE}]}',
          'metrics[1].name',
        ],
        [
          'prometheus',
          '{metrics: [{instanceName: a, kind: DISTRIBUTION, buckets: {explicitBuckets: {bounds: [1, 1]}}}]}',
          'metrics[0].buckets.explicitBuckets.bounds[1]',
        ],
        [
          'prometheus',
          '{metrics: [{instanceName: a, kind: DISTRIBUTION, buckets: {linearBuckets: {numFiniteBuckets: 0, width: 1}}}]}',
          'metrics[0].buckets.linearBuckets.numFiniteBuckets',
        ],
        [
          'prometheus',
          '{metrics: [{instanceName: a, kind: DISTRIBUTION, buckets: {exponentialBuckets: {numFiniteBuckets: 1, scale: 1, growthFactor: 1}}}]}',
          'metrics[0].buckets.exponentialBuckets.growthFactor',
        ],
        ['prometheus', '{metricsExpirationPolicy: {}}', 'metricsExpirationPolicy.metricsExpiryDuration'],
        ['rbac', '{configStoreUrl: kubernetes}', 'configStoreUrl'],
        ['redisquota', '{}', 'quotas'],
        ['redisquota', `{redisServerUrl: "", quotas: [{${REDIS_QUOTA}}]}`, 'redisServerUrl'],
        ['redisquota', `{connectionPoolSize: -1, quotas: [{${REDIS_QUOTA}}]}`, 'connectionPoolSize'],
        ['redisquota', '{quotas: [{maxAmount: 5, validDuration: 1s}]}', 'quotas[0].name'],
        ['redisquota', '{quotas: [{name: a, validDuration: 1s}]}', 'quotas[0].maxAmount'],
        ['redisquota', '{quotas: [{name: a, maxAmount: 5}]}', 'quotas[0].validDuration'],
        [
          'redisquota',
          `{quotas: [{${REDIS_QUOTA}, rateLimitAlgorithm: ROLLING_WINDOW}]}`,
          'quotas[0].bucketDuration',
        ],
        [
          'redisquota',
          `{quotas: [{${REDIS_QUOTA}, rateLimitAlgorithm: 1, bucketDuration: 60s}]}`,
          'quotas[0].bucketDuration',
        ],
        [
          'redisquota',
          `{quotas: [{${REDIS_QUOTA}, overrides: [{maxAmount: 1}]}]}`,
          'quotas[0].overrides[0].dimensions',
        ],
        [
          'redisquota',
          `{quotas: [{${REDIS_QUOTA}, overrides: [{dimensions: {a: b}, maxAmount: 0}]}]}`,
          'quotas[0].overrides[0].maxAmount',
        ],
        ['signalfx', '{}', 'accessToken'],
        ['signalfx', '{accessToken: a, metrics: [{name: b}]}', 'metrics[0].type'],
        ['signalfx', '{accessToken: a, datapointInterval: 1ms}', 'datapointInterval'],
        ['solarwinds', '{appopticsBatchSize: 1001}', 'appopticsBatchSize'],
        ['solarwinds', '{papertrailUrl: "example.com:80"}', 'papertrailUrl'],
        ['solarwinds', '{logs: {a: {payloadTemplate: "{{or .a"}}}', 'logs.a.payloadTemplate'],
        ['stackdriver', '{trace: {sampleProbability: 2}}', 'trace.sampleProbability'],
        ['stackdriver', '{appCredentials: true, serviceAccountPath: /a}', 'serviceAccountPath'],
        ['statsd', '{flushBytes: -1}', 'flushBytes'],
        ['statsd', '{flushDuration: -1s}', 'flushDuration'],
        ['statsd', '{samplingRate: -0.5}', 'samplingRate'],
        ['statsd', '{metrics: {a: {nameTemplate: "{{range .a}}"}}}', 'metrics.a.nameTemplate'],
        ['stdio', '{outputPath: /a}', 'outputPath'],
        ['stdio', '{logStream: ROTATED_FILE}', 'outputPath'],
        ['stdio', '{severityLevels: {a: 5}}', 'severityLevels.a'],
        ['stdio', '{maxRotatedFiles: -1}', 'maxRotatedFiles'],
        ['zipkin', '{}', 'url'],
        ['zipkin', '{url: "http://a.b", sampleProbability: 50}', 'sampleProbability'],
      ] as const
    ).flatMap(([adapter, params, field]) => forms(adapter, params).map((one) => ({ ...one, params, field }))),
  )('$form $params: $field', async ({ yaml, field, prefix }) => {
    expect(new Set(await errorsOf(yaml))).toEqual(new Set([`${prefix}.${field}`]));
  });
});

describe('parameters that have no effect, or an odd one, are warnings', () => {
  it.each([
    ['denier', '{status: {message: a}}', 'spec.status'],
    ['denier', '{status: {code: 403}}', 'spec.status.code'],
    ['listchecker', '{}', 'spec'],
    ['memquota', '{quotas: [{name: a}]}', 'spec.quotas[0].maxAmount'],
    ['memquota', '{quotas: [{name: a, maxAmount: 1}, {name: a, maxAmount: 2}]}', 'spec.quotas[1].name'],
    [
      'memquota',
      '{quotas: [{name: a, maxAmount: 5, overrides: [{dimensions: {a: b}, maxAmount: 1}, {dimensions: {a: b, c: d}, maxAmount: 2}]}]}',
      'spec.quotas[0].overrides[1]',
    ],
    ['opa', '{failClose: true, checkMethod: data.a.b}', 'spec.policy'],
    [
      'prometheus',
      '{metrics: [{instanceName: a, kind: COUNTER, buckets: {explicitBuckets: {bounds: [1]}}}]}',
      'spec.metrics[0].buckets',
    ],
    ['prometheus', '{metrics: [{instanceName: a, kind: DISTRIBUTION}]}', 'spec.metrics[0]'],
    ['stackdriver', '{apiKey: a}', 'spec.apiKey'],
  ])('%s %s: %s', async (adapter, params, path) => {
    expect(await errorsOf(mixerObject(adapter, params))).toEqual([]);
    expect(await warningsOf(mixerObject(adapter, params))).toEqual([path]);
  });
});
