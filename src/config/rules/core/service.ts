/** Rules of Services: how ports say their protocol to the mesh, and what Kubernetes refuses. */

import type { Service, ServiceSpec } from '../../../api/generated/types/core/Service.ts';
import { isIp, parseCidr } from '../../../base/cidr.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkLabels } from './label-selector.ts';
import { checkServicePorts } from './service-ports.ts';

export const kinds = ['core/Service'] as const;

export const rules: KindRules<Service> = (object, report, context) => {
  const spec = object.value.spec;
  if (spec === undefined) return;
  const system = (object.meta.namespace ?? context.defaultNamespace) === context.rootNamespace;
  checkServicePorts(report, spec.ports ?? [], { naming: !system });
  checkLabels(report, ['spec', 'selector'], spec.selector);
  checkAddresses(report, spec);
  checkType(report, spec);
};

function checkAddresses(report: RuleReport, spec: ServiceSpec): void {
  const { clusterIP } = spec;
  if (clusterIP !== undefined && !isClusterIp(clusterIP)) {
    report.error(['spec', 'clusterIP'], `"${clusterIP}" is neither an IP address nor None`);
  }
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (!isClusterIp(address)) {
      report.error(['spec', 'clusterIPs', index], `"${address}" is neither an IP address nor None`);
    }
  }
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    if (!isIp(address)) report.error(['spec', 'externalIPs', index], `"${address}" is no IP address`);
  }
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    if (parseCidr(range.trim()) === undefined) {
      report.error(
        ['spec', 'loadBalancerSourceRanges', index],
        `"${range}" is no address range; write it as 10.0.0.0/8`,
      );
    }
  }
}

function checkType(report: RuleReport, spec: ServiceSpec): void {
  const { type, clusterIP, externalName } = spec;
  if (type === 'ExternalName') {
    if (externalName === undefined || externalName === '') {
      report.error(
        ['spec', 'externalName'],
        'a Service of type ExternalName needs externalName, the host it stands for',
        {
          check: 'MissingField',
        },
      );
    } else if (!isDnsName(externalName.replace(/\.$/, ''))) {
      report.error(['spec', 'externalName'], `"${externalName}" is no host name in lower case`);
    }
    if (clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None') {
      report.error(
        ['spec', 'clusterIP'],
        'a Service of type ExternalName has no address of its own; remove clusterIP',
      );
    }
  } else if (clusterIP === 'None' && (type === 'NodePort' || type === 'LoadBalancer')) {
    report.error(
      ['spec', 'clusterIP'],
      `a headless Service cannot be of type ${type}; remove one of the two`,
    );
  }
}

function isClusterIp(text: string): boolean {
  return text === '' || text === 'None' || isIp(text);
}

function isDnsName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}
