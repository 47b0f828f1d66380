import { describe, expect, it } from 'vitest';
import { errorsOf, findingsOf, mixerObject, warningsOf } from './findings.ts';

const ATTRIBUTES = 'attributes: {attributes: {api.service: {stringValue: a}}}';
const PATTERN =
  '{httpMethod: GET, uriTemplate: "/pets/{id}", attributes: {attributes: {api.operation: {stringValue: b}}}}';

describe('sound objects give no finding', () => {
  it.each([
    ['QuotaSpec', '{rules: [{quotas: [{quota: a, charge: 1}]}]}'],
    [
      'QuotaSpec',
      '{rules: [{match: [{clause: {api.operation: {exact: getPet}, request.path: {regex: "/a.*"}}}], quotas: [{quota: a, charge: 2}]}]}',
    ],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a, namespace: b}], services: [{name: c, namespace: d, labels: {version: v1}}]}',
    ],
    [
      'QuotaSpecBinding',
      '{quota_specs: [{name: a}], services: [{service: "*"}, {service: a.b.svc.cluster.local}]}',
    ],
    [
      'HTTPAPISpec',
      `{${ATTRIBUTES}, patterns: [${PATTERN}], apiKeys: [{query: key}, {header: x-api-key}, {cookie: a}]}`,
    ],
    [
      'HTTPAPISpec',
      `{attributes: {attributes: {a.b: {int64Value: 5}, c.d: {stringMapValue: {entries: {e: f}}}, g.h: {durationValue: 5s}}}, patterns: [{httpMethod: GET, regex: "^/a"}], api_keys: [{query: key}]}`,
    ],
    ['HTTPAPISpecBinding', '{apiSpecs: [{name: a}], services: [{name: b}]}'],
    [
      'attributemanifest',
      '{attributes: {my.attribute: {valueType: STRING}, source.ip: {value_type: IP_ADDRESS}}}',
    ],
    ['adapter', '{description: a, session_based: false, templates: [b], config: aGVsbG8=}'],
    ['template', '{descriptor: "aGVsbG8="}'],
  ])('%s %s', async (kind, spec) => {
    expect(await findingsOf(mixerObject(kind, spec))).toEqual([]);
  });
});

describe('faults are errors at their field', () => {
  it.each([
    ['QuotaSpec', '{}', 'spec.rules'],
    ['QuotaSpec', '{rules: []}', 'spec.rules'],
    ['QuotaSpec', '{rules: [{}]}', 'spec.rules[0].quotas'],
    ['QuotaSpec', '{rules: [{quotas: [{quota: "", charge: 1}]}]}', 'spec.rules[0].quotas[0].quota'],
    ['QuotaSpec', '{rules: [{quotas: [{quota: a, charge: 0}]}]}', 'spec.rules[0].quotas[0].charge'],
    ['QuotaSpec', '{rules: [{quotas: [{quota: a}]}]}', 'spec.rules[0].quotas[0].charge'],
    [
      'QuotaSpec',
      '{rules: [{match: [{clause: {api.operation: {exact: ""}}}], quotas: [{quota: a, charge: 1}]}]}',
      'spec.rules[0].match[0].clause["api.operation"].exact',
    ],
    [
      'QuotaSpec',
      '{rules: [{match: [{clause: {api.operation: {}}}], quotas: [{quota: a, charge: 1}]}]}',
      'spec.rules[0].match[0].clause["api.operation"]',
    ],
    [
      'QuotaSpec',
      '{rules: [{match: [{clause: {api.operation: {exact: a, prefix: b}}}], quotas: [{quota: a, charge: 1}]}]}',
      'spec.rules[0].match[0].clause["api.operation"].prefix',
    ],
    ['QuotaSpecBinding', '{services: [{name: a}]}', 'spec.quotaSpecs'],
    ['QuotaSpecBinding', '{quotaSpecs: [{name: a}], services: []}', 'spec.services'],
    ['QuotaSpecBinding', '{quotaSpecs: [{namespace: a}], services: [{name: b}]}', 'spec.quotaSpecs[0].name'],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a, namespace: a.b}], services: [{name: b}]}',
      'spec.quotaSpecs[0].namespace',
    ],
    ['QuotaSpecBinding', '{quotaSpecs: [{name: a}], services: [{}]}', 'spec.services[0]'],
    ['QuotaSpecBinding', '{quotaSpecs: [{name: a}], services: [{name: b, service: c}]}', 'spec.services[0]'],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a}], services: [{service: b, namespace: c}]}',
      'spec.services[0].namespace',
    ],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a}], services: [{service: b, domain: c}]}',
      'spec.services[0].domain',
    ],
    ['QuotaSpecBinding', '{quotaSpecs: [{name: a}], services: [{name: b.c}]}', 'spec.services[0].name'],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a}], services: [{name: b, namespace: c_d}]}',
      'spec.services[0].namespace',
    ],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a}], services: [{name: b, domain: "c..d"}]}',
      'spec.services[0].domain',
    ],
    [
      'QuotaSpecBinding',
      '{quotaSpecs: [{name: a}], services: [{name: b, labels: {"a b": c}}]}',
      'spec.services[0].labels["a b"]',
    ],
    ['HTTPAPISpec', `{patterns: [${PATTERN}]}`, 'spec.attributes'],
    ['HTTPAPISpec', `{attributes: {}, patterns: [${PATTERN}]}`, 'spec.attributes.attributes'],
    ['HTTPAPISpec', `{${ATTRIBUTES}}`, 'spec.patterns'],
    ['HTTPAPISpec', `{${ATTRIBUTES}, patterns: [{uriTemplate: /a}]}`, 'spec.patterns[0].httpMethod'],
    ['HTTPAPISpec', `{${ATTRIBUTES}, patterns: [{httpMethod: GET}]}`, 'spec.patterns[0]'],
    [
      'HTTPAPISpec',
      `{${ATTRIBUTES}, patterns: [{httpMethod: GET, uriTemplate: ""}]}`,
      'spec.patterns[0].uriTemplate',
    ],
    [
      'HTTPAPISpec',
      `{${ATTRIBUTES}, patterns: [{httpMethod: GET, uriTemplate: "/a/{b"}]}`,
      'spec.patterns[0].uriTemplate',
    ],
    ['HTTPAPISpec', `{${ATTRIBUTES}, patterns: [{httpMethod: GET, regex: ""}]}`, 'spec.patterns[0].regex'],
    ['HTTPAPISpec', `{${ATTRIBUTES}, patterns: [${PATTERN}], apiKeys: [{}]}`, 'spec.apiKeys[0]'],
    [
      'HTTPAPISpec',
      `{${ATTRIBUTES}, patterns: [${PATTERN}], apiKeys: [{query: ""}]}`,
      'spec.apiKeys[0].query',
    ],
    [
      'HTTPAPISpec',
      `{${ATTRIBUTES}, patterns: [${PATTERN}], apiKeys: [{header: "a b"}]}`,
      'spec.apiKeys[0].header',
    ],
    [
      'HTTPAPISpec',
      `{attributes: {attributes: {a: {stringValue: ""}}}, patterns: [${PATTERN}]}`,
      'spec.attributes.attributes.a.stringValue',
    ],
    [
      'HTTPAPISpec',
      `{attributes: {attributes: {a: {bytesValue: "?"}}}, patterns: [${PATTERN}]}`,
      'spec.attributes.attributes.a.bytesValue',
    ],
    [
      'HTTPAPISpec',
      `{attributes: {attributes: {a: {timestampValue: now}}}, patterns: [${PATTERN}]}`,
      'spec.attributes.attributes.a.timestampValue',
    ],
    [
      'HTTPAPISpec',
      `{attributes: {attributes: {a: {stringMapValue: {}}}}, patterns: [${PATTERN}]}`,
      'spec.attributes.attributes.a.stringMapValue.entries',
    ],
    ['HTTPAPISpecBinding', '{services: [{name: b}]}', 'spec.apiSpecs'],
    ['HTTPAPISpecBinding', '{apiSpecs: [{}], services: [{name: b}]}', 'spec.apiSpecs[0].name'],
    ['attributemanifest', '{attributes: {a.b: {valueType: BAD_TYPE}}}', 'spec.attributes["a.b"].valueType'],
    ['attributemanifest', '{attributes: {a.b: {}}}', 'spec.attributes["a.b"].valueType'],
    ['adapter', '{description: 0}', 'spec.description'],
    ['adapter', '{config: "not base64"}', 'spec.config'],
    ['template', '{}', 'spec.descriptor'],
    ['template', '{descriptor: abc}', 'spec.descriptor'],
  ])('%s %s: %s', async (kind, spec, path) => {
    expect(new Set(await errorsOf(mixerObject(kind, spec)))).toEqual(new Set([path]));
  });
});

it.each([
  [
    'QuotaSpec',
    '{rules: [{match: [{clause: {request.http_method: {exact: GET}}}], quotas: [{quota: a, charge: 1}]}]}',
  ],
  [
    'QuotaSpec',
    '{rules: [{match: [{clause: {response.code: {exact: "200"}}}], quotas: [{quota: a, charge: 1}]}]}',
  ],
  [
    'QuotaSpec',
    '{rules: [{match: [{clause: {request.path: {regex: "(?=a)"}}}], quotas: [{quota: a, charge: 1}]}]}',
  ],
  ['HTTPAPISpec', `{${ATTRIBUTES}, patterns: [{httpMethod: get, uriTemplate: /a}]}`],
  ['attributemanifest', '{attributes: {a-b: {valueType: STRING}}}'],
  ['attributemanifest', '{attributes: {source.ip: {valueType: STRING}}}'],
])('%s %s is accepted with a warning', async (kind, spec) => {
  expect(await warningsOf(mixerObject(kind, spec))).toHaveLength(1);
  expect(await errorsOf(mixerObject(kind, spec))).toEqual([]);
});
