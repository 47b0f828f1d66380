/** Checks extension providers. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider */

import type {
  ExtensionProvider,
  MeshConfig,
  OpenTelemetryTracingProvider,
} from '../../../api/generated/types/mesh.istio.io/MeshConfig.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isRegisteredStatus } from '../../../base/http.ts';
import { parseUrl } from '../../../base/url.ts';
import type { RuleReport } from '../rule.ts';
import { checkProviderService } from './address.ts';

/** Providers that are a service with a port; the schema checks the port. */
const SERVICES = [
  ...(['envoyExtAuthzHttp', 'envoyExtAuthzGrpc', 'zipkin', 'lightstep', 'datadog', 'opencensus'] as const),
  ...(['skywalking', 'opentelemetry', 'envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls', 'sds'] as const),
];

/** All providers of the mesh: each sound, no name twice. */
export function checkExtensionProviders(report: RuleReport, path: FieldPath, mesh: MeshConfig): void {
  const names = new Map<string, number>();
  for (const [index, provider] of (mesh.extensionProviders ?? []).entries()) {
    const place = [...path, index];
    const { name } = provider;
    if (name !== undefined && name !== '') {
      const before = names.get(name);
      if (before === undefined) names.set(name, index);
      else
        report.error([...place, 'name'], `"${name}" is the name of provider ${before} already`, {
          check: 'Duplicate',
        });
    }
    checkProvider(report, place, provider);
  }
}

function checkProvider(report: RuleReport, path: FieldPath, provider: ExtensionProvider): void {
  for (const field of SERVICES)
    checkProviderService(report, [...path, field, 'service'], provider[field]?.service);
  for (const field of ['envoyExtAuthzHttp', 'envoyExtAuthzGrpc'] as const) {
    checkStatus(report, [...path, field, 'statusOnError'], provider[field]?.statusOnError);
  }
  checkPathPrefix(
    report,
    [...path, 'envoyExtAuthzHttp', 'pathPrefix'],
    provider.envoyExtAuthzHttp?.pathPrefix,
  );
  if (provider.opentelemetry !== undefined)
    checkSampler(report, [...path, 'opentelemetry'], provider.opentelemetry);
}

/** Statuses that Envoy can answer with: those of its own list, which lacks a few registered ones. */
function isEnvoyStatus(status: number): boolean {
  return isRegisteredStatus(status) && ![101, 102, 103, 418, 425, 451].includes(status);
}

function checkStatus(report: RuleReport, path: FieldPath, status: string | undefined): void {
  if (status === undefined || status === '') return;
  // 0 stands for the default.
  if (/^\d{1,3}$/.test(status) && (Number(status) === 0 || isEnvoyStatus(Number(status)))) return;
  report.error(path, `"${status}" must be an HTTP status such as 403`);
}

function checkPathPrefix(report: RuleReport, path: FieldPath, prefix: string | undefined): void {
  if (prefix === undefined || prefix === '') return;
  if (!prefix.startsWith('/')) report.error(path, `"${prefix}" must start with "/"`);
  else if (parseUrl(prefix) === undefined)
    report.error(path, `"${prefix}" is no path: it is not escaped correctly`);
}

function checkSampler(report: RuleReport, path: FieldPath, provider: OpenTelemetryTracingProvider): void {
  const service = provider.dynatraceSampler?.httpService?.service;
  checkProviderService(report, [...path, 'dynatraceSampler', 'httpService', 'service'], service);
}
