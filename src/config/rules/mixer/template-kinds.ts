/** Rules of the template kinds: each field is an expression of a type. */

import type { FieldPath } from '../../../base/field-path.ts';
import { STANDARD_ATTRIBUTES } from '../../mixer/attributes.ts';
import type { RuleReport, KindRules } from '../rule.ts';
import { checkBindings } from './attribute-bindings.ts';
import { reportExpression, usesCexl } from './expressions.ts';
import type { WantedType } from './expressions.ts';
import { isMap } from './values.ts';

export const kinds = [
  'config.istio.io/apikey',
  'config.istio.io/authorization',
  'config.istio.io/checknothing',
  'config.istio.io/edge',
  'config.istio.io/kubernetes',
  'config.istio.io/listentry',
  'config.istio.io/logentry',
  'config.istio.io/metric',
  'config.istio.io/quota',
  'config.istio.io/reportnothing',
  'config.istio.io/tracespan',
] as const;

/** The type of a field's expression; a map whose values are expressions of any type; or fields of its own. */
type Field = WantedType | 'MAP' | { readonly [name: string]: Field };

const RESOURCE = { monitoredResourceType: 'STRING', monitoredResourceDimensions: 'MAP' } as const;

const END = { Uid: 'STRING', Owner: 'STRING', WorkloadName: 'STRING', WorkloadNamespace: 'STRING' } as const;

function ends<Fields extends Readonly<Record<string, Field>>>(fields: Fields): Record<string, Field> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => [
      [`source${name}`, field],
      [`destination${name}`, field],
    ]),
  );
}

/** https://archive.istio.io/v1.4/docs/reference/config/policy-and-telemetry/templates/ */
const TEMPLATES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  apikey: {
    api: 'STRING',
    apiVersion: 'STRING',
    apiOperation: 'STRING',
    apiKey: 'STRING',
    timestamp: 'TIMESTAMP',
  },
  authorization: {
    subject: { user: 'STRING', groups: 'STRING', properties: 'MAP' },
    action: { namespace: 'STRING', service: 'STRING', method: 'STRING', path: 'STRING', properties: 'MAP' },
  },
  checknothing: {},
  edge: {
    timestamp: 'TIMESTAMP',
    ...ends(END),
    destinationServiceName: 'STRING',
    destinationServiceNamespace: 'STRING',
    contextProtocol: 'STRING',
    apiProtocol: 'STRING',
  },
  kubernetes: { ...ends({ Uid: 'STRING', Ip: 'IP_ADDRESS' }), destinationPort: 'INT64' },
  listentry: { value: 'ANY' },
  logentry: { variables: 'MAP', timestamp: 'TIMESTAMP', severity: 'STRING', ...RESOURCE },
  metric: { value: 'ANY', dimensions: 'MAP', ...RESOURCE },
  quota: { dimensions: 'MAP' },
  reportnothing: {},
  tracespan: {
    traceId: 'STRING',
    spanId: 'STRING',
    parentSpanId: 'STRING',
    spanName: 'STRING',
    startTime: 'TIMESTAMP',
    endTime: 'TIMESTAMP',
    spanTags: 'MAP',
    httpStatusCode: 'INT64',
    clientSpan: 'BOOL',
    rewriteClientSpanId: 'BOOL',
    apiProtocol: 'STRING',
    ...ends({
      Name: 'STRING',
      Ip: 'IP_ADDRESS',
    }),
    requestSize: 'INT64',
    requestTotalSize: 'INT64',
    responseSize: 'INT64',
    responseTotalSize: 'INT64',
  },
};

/** Types that a metric's value can have: those that turn into a number. */
const NOT_NUMERIC = new Set([
  'BOOL',
  'IP_ADDRESS',
  'EMAIL_ADDRESS',
  'URI',
  'DNS_NAME',
  'STRING_MAP',
  'TIMESTAMP',
]);

export const rules: KindRules = (object, report) => {
  const fields = TEMPLATES[object.kind];
  const spec = object.value['spec'] ?? {};
  if (fields === undefined || !isMap(spec) || !usesCexl(object)) return;
  checkFields(report, ['spec'], spec, fields);
  if (object.kind === 'kubernetes')
    checkBindings(report, ['spec', 'attributeBindings'], spec['attributeBindings'], true);
  if (object.kind === 'listentry' && (spec['value'] === undefined || spec['value'] === '')) {
    report.warn(['spec', 'value'], 'there is no value to look up, so nothing is ever in the list');
  }
};

function checkFields(
  report: RuleReport,
  path: FieldPath,
  values: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Field>>,
): void {
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    const place = [...path, name];
    if (typeof field !== 'string') {
      if (isMap(value)) checkFields(report, place, value, field);
    } else if (field === 'MAP') {
      for (const [key, source] of Object.entries(isMap(value) ? value : {})) {
        if (typeof source === 'string')
          reportExpression(report, [...place, key], source, 'ANY', STANDARD_ATTRIBUTES);
      }
    } else if (typeof value === 'string' && value !== '') {
      const type = reportExpression(report, place, value, field, STANDARD_ATTRIBUTES);
      if (fields === TEMPLATES['metric'] && name === 'value' && NOT_NUMERIC.has(type)) {
        report.warn(place, `a value of type ${type} is no number, so adapters cannot count it`);
      }
    }
  }
}
