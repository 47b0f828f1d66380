/** Rules of Endpoints and EndpointSlices: addresses and port names that Kubernetes refuses. */

import type { Endpoints } from '../../../api/generated/types/core/Endpoints.ts';
import type { EndpointSlice } from '../../../api/generated/types/discovery.k8s.io/EndpointSlice.ts';
import { isIp, parseIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['core/Endpoints', 'discovery.k8s.io/EndpointSlice'] as const;

export const rules: KindRules<Endpoints | EndpointSlice> = (object, report) => {
  if (object.kind === 'Endpoints') checkEndpoints(report, object.value as Endpoints);
  else checkSlice(report, object.value as EndpointSlice);
};

function checkEndpoints(report: RuleReport, value: Endpoints): void {
  for (const [index, subset] of (value.subsets ?? []).entries()) {
    const at = ['subsets', index];
    for (const list of ['addresses', 'notReadyAddresses'] as const) {
      for (const [place, { ip }] of (subset[list] ?? []).entries()) {
        if (ip !== undefined && !isIp(ip))
          report.error([...at, list, place, 'ip'], `"${ip}" is no IP address`);
      }
    }
    checkNames(report, [...at, 'ports'], subset.ports ?? []);
  }
}

function checkSlice(report: RuleReport, value: EndpointSlice): void {
  const family = value.addressType === 'IPv4' ? 4 : value.addressType === 'IPv6' ? 6 : undefined;
  for (const [index, endpoint] of (value.endpoints ?? []).entries()) {
    for (const [place, address] of (endpoint.addresses ?? []).entries()) {
      if (family !== undefined && parseIp(address)?.family !== family) {
        report.error(
          ['endpoints', index, 'addresses', place],
          `"${address}" is no ${value.addressType} address, as addressType says`,
        );
      }
    }
  }
  checkNames(report, ['ports'], value.ports ?? []);
}

function checkNames(report: RuleReport, path: FieldPath, ports: readonly { readonly name?: string }[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of ports.entries()) {
    if (name === undefined && ports.length < 2) continue;
    // An absent name is the empty one.
    const key = name ?? '';
    if (names.has(key)) {
      report.error([...path, index, 'name'], `another port has the name "${key}" too`, {
        check: 'Duplicate',
      });
    }
    names.add(key);
  }
}
