/** Whether the value of one of Istio's annotations can be used. */

import type { AnnotationValue } from '../../api/annotations.table.ts';
import { parseCidr } from '../../base/cidr.ts';
import { formatFieldPath } from '../../base/field-path.ts';
import type { ProxyConfig } from '../../api/generated/types/mesh.istio.io/MeshConfig.ts';
import type { Finding } from '../finding.ts';
import { spellingsFor, validatorFor } from '../generated/validators/mesh.istio.io/MeshConfig.js';
import { parseValue } from '../parse/value.ts';
import { toJsonNames } from '../proto-names.ts';
import { checkProxySettings } from '../rules/mesh/proxy-settings.ts';
import { RuleReport } from '../rules/rule.ts';
import { quantityOf } from '../../base/quantity.ts';
import { schemaFinding } from './schema-message.ts';

const MAX_UINT32 = 4_294_967_295;
const MAX_PORT = 65_535;
const MAX_INTERFACE = 15;
const INTERFACE = /^[A-Za-z][A-Za-z0-9_.-]*$/;
const DIGITS = /^\d{1,10}$/;
const BOOLEANS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);
const MODES = new Set(['REDIRECT', 'TPROXY', 'NONE']);

/** What is wrong with a value of that kind, as a short phrase; undefined when it is sound. */
export function annotationValueProblem(kind: AnnotationValue, value: string): string | undefined {
  switch (kind) {
    case 'boolean':
      return BOOLEANS.has(value) ? undefined : `"${value}" is neither true nor false`;
    case 'uint32':
      return isWholeNumber(value, MAX_UINT32) ? undefined : `"${value}" is no whole number of zero or more`;
    case 'port':
      return portProblem(value);
    case 'ports':
      return firstProblem(value.trim(), portProblem);
    case 'ports-or-all':
      return value === '*' ? undefined : firstProblem(value.trim(), portProblem);
    case 'cidrs':
      return firstProblem(value, cidrProblem);
    case 'cidrs-or-all':
      return value === '*' ? undefined : firstProblem(value, cidrProblem);
    case 'interfaces':
      return firstProblem(value, interfaceProblem);
    case 'interception-mode':
      return MODES.has(value) ? undefined : `"${value}" is none of ${[...MODES].join(', ')}`;
    case 'quantity':
      return quantityOf(value) === undefined ? `"${value}" is no quantity such as 100m or 128Mi` : undefined;
    case 'proxy-settings':
      return proxySettingsProblem(value);
  }
}

/** The first problem of the parts between commas; an empty text has no parts. */
function firstProblem(list: string, problemOf: (part: string) => string | undefined): string | undefined {
  if (list === '') return undefined;
  for (const part of list.split(',')) {
    const problem = problemOf(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isWholeNumber(text: string, max: number): boolean {
  return DIGITS.test(text) && Number(text) <= max;
}

function portProblem(text: string): string | undefined {
  const port = text.trim();
  return isWholeNumber(port, MAX_PORT) ? undefined : `"${port}" is no port number up to ${MAX_PORT}`;
}

function cidrProblem(text: string): string | undefined {
  return parseCidr(text) === undefined ? `"${text}" is no CIDR range such as 10.0.0.0/8` : undefined;
}

function interfaceProblem(text: string): string | undefined {
  const name = text.trim();
  if (name.length > MAX_INTERFACE) return `"${name}" is longer than ${MAX_INTERFACE} characters`;
  return INTERFACE.test(name) ? undefined : `"${name}" is no name of a network interface`;
}

/** The text must be what `defaultConfig` of the mesh may be. */
function proxySettingsProblem(text: string): string | undefined {
  const { value, faults } = parseValue(text);
  const fault = faults[0];
  if (fault !== undefined) return `line ${fault.line}: ${fault.message}`;
  if (value === undefined || value === null) return undefined;
  const finding = proxySettingsFindings(value).find(({ level }) => level === 'Error');
  if (finding === undefined) return undefined;
  const field = formatFieldPath(finding.path.slice(1));
  return field === '' ? finding.message : `${field}: ${finding.message}`;
}

function proxySettingsFindings(value: unknown): readonly Finding[] {
  const wrapped = { defaultConfig: value };
  const validator = validatorFor('');
  const errors = validator(wrapped) ? [] : (validator.errors ?? []);
  const findings = errors.map((error) => schemaFinding(error, wrapped));
  if (findings.some(({ check }) => check === 'WrongType')) return findings;
  const named = toJsonNames(wrapped, spellingsFor('')) as { defaultConfig: ProxyConfig };
  const report = new RuleReport();
  checkProxySettings(report, ['defaultConfig'], named.defaultConfig);
  return [...findings, ...report.findings];
}
