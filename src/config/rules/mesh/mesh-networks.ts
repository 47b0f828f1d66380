/** Rules of MeshNetworks. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshNetworks */

import type { MeshNetworks, Network } from '../../../api/generated/types/mesh.istio.io/MeshNetworks.ts';
import { isIp, parseSubnet } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['mesh.istio.io/MeshNetworks'] as const;

export const rules: KindRules<MeshNetworks> = (object, report) => {
  for (const [name, network] of Object.entries(object.value.networks ?? {})) {
    checkNetwork(report, ['networks', name], network);
  }
};

function checkNetwork(report: RuleReport, path: FieldPath, network: Network): void {
  for (const [index, { fromCidr, fromRegistry }] of (network.endpoints ?? []).entries()) {
    const place = [...path, 'endpoints', index];
    if (fromCidr !== undefined && parseSubnet(fromCidr) === undefined) {
      report.error(
        [...place, 'fromCidr'],
        `"${fromCidr}" is no CIDR range such as 10.0.0.0/8, and no IP address`,
      );
    }
    if (fromRegistry !== undefined && !isDnsLabel(fromRegistry)) {
      report.error(
        [...place, 'fromRegistry'],
        `"${fromRegistry}" must be the name of a cluster: letters, digits and inner dashes`,
      );
    }
    if (fromCidr === undefined && fromRegistry === undefined)
      report.warn(place, 'names neither fromCidr nor fromRegistry');
  }
  for (const [index, { registryServiceName, address }] of (network.gateways ?? []).entries()) {
    const place = [...path, 'gateways', index];
    if (registryServiceName !== undefined) {
      const problem = domainProblem(registryServiceName);
      if (problem !== undefined)
        report.error([...place, 'registryServiceName'], `"${registryServiceName}" ${problem}`);
    }
    if (address !== undefined && !isIp(address)) {
      const problem = domainProblem(address);
      if (problem !== undefined) report.error([...place, 'address'], `"${address}" ${problem}`);
    }
    if (registryServiceName === undefined && address === undefined) {
      report.warn(place, 'names neither registryServiceName nor address');
    }
  }
}
