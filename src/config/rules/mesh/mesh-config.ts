/** Rules of MeshConfig. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/ */

import type { MeshConfig, TLSConfig } from '../../../api/generated/types/mesh.istio.io/MeshConfig.ts';
import { MILLISECOND, parseDuration } from '../../../base/duration.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { wildcardDomainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import { nearestName } from '../../../base/nearest.ts';
import { checkClientTls } from '../networking/client-tls.ts';
import { checkConnectionPool } from '../networking/connection-pool.ts';
import { checkDuration } from '../networking/duration-field.ts';
import { checkHttpRetry } from '../networking/http-retry.ts';
import { checkLocality, checkZoneAware } from '../networking/locality.ts';
import { checkOutlierDetection } from '../networking/outlier-detection.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkAddress } from './address.ts';
import { checkExtensionProviders } from './extension-provider.ts';
import { checkProxySettings } from './proxy-settings.ts';

export const kinds = ['mesh.istio.io/MeshConfig'] as const;

const HOUR = 3_600_000n * MILLISECOND;

/** The file is laid over the defaults, so an absent field is sound, while an empty one may not be. */
export const rules: KindRules<MeshConfig> = (object, report) => {
  const mesh = object.value;
  checkTimeouts(report, mesh);
  checkProxySettings(report, ['defaultConfig'], mesh.defaultConfig ?? {});
  // Outlier detection is a matter of each DestinationRule, so its absence here says nothing.
  checkLocality(report, ['localityLbSetting'], mesh.localityLbSetting, {});
  checkZoneAware(report, ['zoneAwareLbSetting'], mesh.zoneAwareLbSetting, {});
  checkServiceSettings(report, mesh);
  checkTrustDomains(report, mesh);
  checkExtensionProviders(report, ['extensionProviders'], mesh);
  checkTlsLimits(report, mesh);
  checkConnectionPool(
    report,
    ['defaultTrafficPolicy', 'connectionPool'],
    mesh.defaultTrafficPolicy?.connectionPool,
  );
  checkOutlierDetection(
    report,
    ['defaultTrafficPolicy', 'outlierDetection'],
    mesh.defaultTrafficPolicy?.outlierDetection,
  );
  checkRetries(report, mesh);
  checkServers(report, mesh);
};

function checkTimeouts(report: RuleReport, mesh: MeshConfig): void {
  checkDuration(report, ['connectTimeout'], mesh.connectTimeout);
  if ((parseDuration(mesh.connectTimeout ?? '') ?? 0n) > HOUR) {
    report.error(['connectTimeout'], `must be at most 1h, and is ${mesh.connectTimeout}`);
  }
  checkDuration(report, ['protocolDetectionTimeout'], mesh.protocolDetectionTimeout, { zero: true });
  for (const field of ['dnsRefreshRate', 'hboneIdleTimeout'] as const) {
    const value = mesh[field];
    if (value !== undefined && (parseDuration(value) ?? 0n) < 0n)
      report.error([field], `must not be negative, and is ${value}`);
  }
}

function checkServiceSettings(report: RuleReport, mesh: MeshConfig): void {
  for (const [index, { hosts = [] }] of (mesh.serviceSettings ?? []).entries()) {
    for (const [entry, host] of hosts.entries()) {
      const problem = wildcardDomainProblem(host);
      if (problem !== undefined)
        report.error(['serviceSettings', index, 'hosts', entry], `"${host}" ${problem}`);
    }
  }
}

function checkTrustDomains(report: RuleReport, mesh: MeshConfig): void {
  const places: [FieldPath, string][] = (mesh.trustDomainAliases ?? []).map((alias, index) => [
    ['trustDomainAliases', index],
    alias,
  ]);
  if (mesh.trustDomain !== undefined) places.unshift([['trustDomain'], mesh.trustDomain]);
  for (const [path, domain] of places) {
    if (domain === '') report.error(path, 'must not be empty');
    else if (!isTrustDomain(domain)) {
      report.error(
        path,
        `"${domain}" is no trust domain: it must be letters, digits and inner dashes between dots`,
      );
    }
  }
}

/** Like a domain name, but its last label may be all digits. */
function isTrustDomain(domain: string): boolean {
  const labels = domain.split('.');
  // One dot may stand at the end.
  if (labels.length > 1 && labels.at(-1) === '') labels.pop();
  return labels.every(isDnsLabel);
}

/** https://www.rfc-editor.org/rfc/rfc8446#section-4.2.7, as far as BoringSSL has them. */
const CURVES: ReadonlySet<string> = new Set(
  'P-224 P-256 P-384 P-521 X25519 X25519Kyber768Draft00 X25519MLKEM768'.split(' '),
);

function checkTlsLimits(report: RuleReport, mesh: MeshConfig): void {
  if ((mesh.meshMTLS?.ecdhCurves ?? []).length > 0) {
    report.error(['meshMTLS', 'ecdhCurves'], 'curves cannot be chosen for TLS inside of the mesh', {
      hint: 'tlsDefaults.ecdhCurves is for all other TLS.',
    });
  }
  checkCurves(report, ['tlsDefaults', 'ecdhCurves'], mesh.tlsDefaults ?? {});
}

function checkCurves(report: RuleReport, path: FieldPath, { ecdhCurves = [] }: TLSConfig): void {
  const seen = new Set<string>();
  for (const [index, curve] of ecdhCurves.entries()) {
    const place = [...path, index];
    if (curve === '') continue;
    if (!CURVES.has(curve)) {
      const near = nearestName(curve, CURVES);
      const hint =
        near === undefined ? `Known curves are ${[...CURVES].join(', ')}.` : `Did you mean ${near}?`;
      report.warn(place, `"${curve}" is no known curve, so it is left out`, { hint });
    } else if (seen.has(curve))
      report.warn(place, `"${curve}" is listed twice; remove one`, { check: 'Duplicate' });
    seen.add(curve);
  }
}

function checkRetries(report: RuleReport, mesh: MeshConfig): void {
  checkHttpRetry(report, ['defaultHttpRetryPolicy'], mesh.defaultHttpRetryPolicy, 'warn');
  const inbound = mesh.defaultInboundHttpRetryPolicy;
  const path = 'defaultInboundHttpRetryPolicy';
  checkHttpRetry(report, [path], inbound);
  if (inbound === undefined) return;
  if ((inbound.attempts ?? 0) === 0 && inbound.backoff !== undefined) {
    report.error([path, 'backoff'], 'has no use while attempts is 0, which turns retries off');
  }
  for (const field of ['perTryTimeout', 'retryRemoteLocalities', 'retryIgnorePreviousHosts'] as const) {
    if (inbound[field] === undefined) continue;
    report.warn(
      [path, field],
      'has no effect here: there is only the application beside the sidecar to try again',
    );
  }
}

/** Servers that the control plane and the proxies call. */
function checkServers(report: RuleReport, mesh: MeshConfig): void {
  for (const field of ['mixerCheckServer', 'mixerReportServer', 'mixerAddress'] as const) {
    if (mesh[field] !== '') checkAddress(report, [field], mesh[field]);
  }
  checkClientTls(report, ['outboundTrafficPolicy', 'tls'], mesh.outboundTrafficPolicy?.tls, '');
  checkClientTls(report, ['ca', 'tlsSettings'], mesh.ca?.tlsSettings, '');
  for (const [index, source] of (mesh.configSources ?? []).entries()) {
    checkClientTls(report, ['configSources', index, 'tlsSettings'], source.tlsSettings, '');
  }
}
