/** Rules on references to services, and to the specs that are bound to them. */

import type {
  IstioService,
  QuotaSpecReference,
} from '../../../api/generated/types/config.istio.io/QuotaSpecBinding.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { isDnsLabel, labelKeyProblem, labelValueProblem } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

/** A service by its short name, or by its full name alone. */
export function checkServices(report: RuleReport, services: readonly IstioService[]): void {
  for (const [index, item] of services.entries()) {
    const path: FieldPath = ['spec', 'services', index];
    const { name = '', namespace = '', domain = '', service = '' } = item;
    if (name === '' && service === '') {
      report.error(path, 'no service is named', {
        check: 'MissingField',
        hint: 'Set name, or service to the full name.',
      });
    } else if (name !== '' && service !== '') {
      report.error(path, 'name and service exclude each other', {
        check: 'ExclusiveFields',
        hint: 'Remove one of them.',
      });
    } else if (service !== '') {
      for (const [field, value] of Object.entries({ namespace, domain })) {
        if (value === '') continue;
        report.error([...path, field], `${field} has no meaning beside service, which is a full name`, {
          hint: `Remove ${field}.`,
        });
      }
    } else if (!isDnsLabel(name)) {
      report.error([...path, 'name'], `${JSON.stringify(name)} is no short name of a service`, {
        hint: 'Put a full name into service.',
      });
    }
    checkNamespace(report, path, namespace);
    const problem = domain === '' ? undefined : domainProblem(domain);
    if (problem !== undefined) report.error([...path, 'domain'], `${JSON.stringify(domain)} ${problem}`);
    checkLabels(report, [...path, 'labels'], item.labels ?? {});
  }
}

/** The specs that a binding names in `field`. That each has a name is up to the schema. */
export function checkSpecs(report: RuleReport, field: string, specs: readonly QuotaSpecReference[]): void {
  for (const [index, { namespace = '' }] of specs.entries())
    checkNamespace(report, ['spec', field, index], namespace);
}

function checkNamespace(report: RuleReport, path: FieldPath, namespace: string): void {
  if (namespace !== '' && !isDnsLabel(namespace)) {
    report.error([...path, 'namespace'], `${JSON.stringify(namespace)} is no name of a namespace`);
  }
}

function checkLabels(report: RuleReport, path: FieldPath, labels: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(labels)) {
    const problem = labelKeyProblem(key);
    if (problem !== undefined) report.error([...path, key], `label ${JSON.stringify(key)} ${problem}`);
    const valueProblem = labelValueProblem(value);
    if (valueProblem !== undefined)
      report.error([...path, key], `value ${JSON.stringify(value)} ${valueProblem}`);
  }
}
