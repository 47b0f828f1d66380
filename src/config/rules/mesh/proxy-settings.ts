/** Checks how proxies run: `defaultConfig` of the mesh, and what pods say in `proxy.istio.io/config`. */

import type {
  PrivateKeyProvider,
  ProxyConfig,
  Tracing,
} from '../../../api/generated/types/mesh.istio.io/MeshConfig.ts';
import { parseDuration, SECOND } from '../../../base/duration.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { re2Problem } from '../../../base/re2.ts';
import { checkClientTls } from '../networking/client-tls.ts';
import { checkDuration } from '../networking/duration-field.ts';
import type { RuleReport } from '../rule.ts';
import { checkAddress } from './address.ts';

/** Settings that may be left out, and then have a default, but cannot be empty. */
const NOT_EMPTY = ['configPath', 'binaryPath', 'serviceCluster'] as const;
const DNS_AUTO_ALLOCATE = 'ISTIO_META_DNS_AUTO_ALLOCATE';

/** https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig */
export function checkProxySettings(report: RuleReport, path: FieldPath, config: ProxyConfig): void {
  for (const field of NOT_EMPTY) {
    if (config[field] === '')
      report.error([...path, field], 'must not be empty; leave it out for the default');
  }
  checkDrain(report, path, config);
  checkDuration(report, [...path, 'connectTimeout'], config.connectTimeout);
  checkAddress(report, [...path, 'discoveryAddress'], config.discoveryAddress);
  checkTracing(report, [...path, 'tracing'], config.tracing ?? {});
  for (const field of ['statsdUdpAddress', 'envoyMetricsServiceAddress', 'zipkinAddress'] as const) {
    // Empty here is the same as absent.
    if (config[field] !== '') checkAddress(report, [...path, field], config[field]);
  }
  for (const field of ['envoyMetricsService', 'envoyAccessLogService'] as const) {
    const service = config[field];
    if (service?.address !== '') checkAddress(report, [...path, field, 'address'], service?.address);
    checkClientTls(report, [...path, field, 'tlsSettings'], service?.tlsSettings, '');
  }
  if (config.controlPlaneAuthPolicy === 'INHERIT') {
    report.error(
      [...path, 'controlPlaneAuthPolicy'],
      'there is nothing to inherit from: use NONE or MUTUAL_TLS',
    );
  }
  if (Object.hasOwn(config.proxyMetadata ?? {}, DNS_AUTO_ALLOCATE)) {
    report.warn(
      [...path, 'proxyMetadata', DNS_AUTO_ALLOCATE],
      'is deprecated: addresses are allocated without it',
      {
        check: 'DeprecatedField',
        hint: 'Remove it.',
      },
    );
  }
  checkPrivateKeyProvider(report, [...path, 'privateKeyProvider'], config.privateKeyProvider);
  checkConnectionSettings(report, [...path, 'connectionSettings'], config.connectionSettings);
  for (const [index, pattern] of (config.proxyStatsMatcher?.inclusionRegexps ?? []).entries()) {
    const problem = re2Problem(pattern);
    if (problem === undefined) continue;
    const place = [...path, 'proxyStatsMatcher', 'inclusionRegexps', index];
    report.error(place, `is not a regular expression in RE2 syntax: ${problem}`);
  }
}

function checkDrain(report: RuleReport, path: FieldPath, config: ProxyConfig): void {
  const { drainDuration, parentShutdownDuration } = config;
  for (const [field, value] of Object.entries({ drainDuration, parentShutdownDuration })) {
    checkDuration(report, [...path, field], value);
    const nanos = parseDuration(value ?? '0s') ?? 0n;
    if (nanos > 0n && nanos % SECOND !== 0n) {
      report.error([...path, field], `must be a whole number of seconds, and is ${value}`);
    }
  }
  const drain = parseDuration(drainDuration ?? '');
  const shutdown = parseDuration(parentShutdownDuration ?? '');
  if (drain !== undefined && shutdown !== undefined && shutdown <= drain) {
    report.error([...path, 'parentShutdownDuration'], `must be longer than drainDuration (${drainDuration})`);
  }
}

function checkTracing(report: RuleReport, path: FieldPath, tracing: Tracing): void {
  const { lightstep, zipkin, datadog } = tracing;
  if (zipkin !== undefined)
    checkAddress(report, [...path, 'zipkin', 'address'], zipkin.address ?? '', { hostIp: true });
  if (datadog !== undefined)
    checkAddress(report, [...path, 'datadog', 'address'], datadog.address ?? '', { hostIp: true });
  if (lightstep !== undefined) {
    const place = [...path, 'lightstep'];
    checkAddress(report, [...place, 'address'], lightstep.address ?? '');
    if ((lightstep.accessToken ?? '') === '') {
      report.error([...place, 'accessToken'], 'Lightstep needs an access token', { check: 'MissingField' });
    }
    if (lightstep.secure === true && (lightstep.cacertPath ?? '') === '') {
      report.error([...place, 'cacertPath'], 'secure needs the file of a certificate authority', {
        check: 'MissingField',
      });
    }
  }
  checkClientTls(report, [...path, 'tlsSettings'], tracing.tlsSettings, '');
}

function checkPrivateKeyProvider(
  report: RuleReport,
  path: FieldPath,
  provider: PrivateKeyProvider = {},
): void {
  for (const field of ['cryptomb', 'qat'] as const) {
    const pollDelay = provider[field]?.pollDelay;
    if (pollDelay === undefined || parseDuration(pollDelay) !== 0n) continue;
    report.error([...path, field, 'pollDelay'], 'must not be 0');
  }
}

const LIMITS = [
  ...(['httpIdleTimeout', 'httpMaxConnectionDuration', 'httpDrainTimeout', 'httpRequestTimeout'] as const),
  ...(['httpRequestHeadersTimeout', 'httpStreamIdleTimeout', 'httpMaxStreamDuration'] as const),
];

function checkConnectionSettings(
  report: RuleReport,
  path: FieldPath,
  settings: ProxyConfig['connectionSettings'] = {},
): void {
  for (const field of LIMITS) {
    const value = settings[field];
    if (value === undefined || (parseDuration(value) ?? 0n) >= 0n) continue;
    report.error([...path, field], `must not be negative, and is ${value}`);
  }
}
