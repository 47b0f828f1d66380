import { describe, expect, it } from 'vitest';
import { rules as jobs } from '../../../../src/config/rules/core/job.ts';
import { rules as pods } from '../../../../src/config/rules/core/pod.ts';
import { rules as controllers } from '../../../../src/config/rules/core/replication-controller.ts';
import { rules } from '../../../../src/config/rules/core/workload.ts';
import { findingsOf, messagesOf } from './run-rules.ts';

const deployment = (template: string, more = '', namespace = 'shop'): string =>
  `{apiVersion: apps/v1, kind: Deployment, metadata: {name: fruits, namespace: ${namespace}}, spec: {${more} template: ${template}}}`;

const LABELS = 'spec.template.metadata.labels';

describe('the pods of a Deployment', () => {
  it.each([
    '{app: a, version: v1}',
    '{app.kubernetes.io/name: a, app.kubernetes.io/version: v1}',
    '{service.istio.io/canonical-name: a, service.istio.io/canonical-revision: v1}',
    '{app.kubernetes.io/name: a, version: v1}',
  ])('are known to telemetry with labels %s', (labels) => {
    expect(findingsOf(rules, deployment(`{metadata: {labels: ${labels}}}`))).toEqual([]);
  });

  it.each([
    ['{}', '"app" and "version"'],
    ['{app: a}', '"version"'],
    ['{version: v1}', '"app"'],
    ['{App: a, Version: v1}', '"app" and "version"'],
  ])('with labels %s get a warning that names what is missing: %s', (labels, names) => {
    const text = deployment(`{metadata: {labels: ${labels}}}`);
    expect(findingsOf(rules, text)).toEqual([`Warning MissingLabel ${LABELS}`]);
    expect(messagesOf(rules, text)[0]).toContain(names);
  });

  it.each([
    '{spec: {hostNetwork: true}}',
    '{metadata: {labels: {sidecar.istio.io/inject: "false"}}}',
    '{metadata: {annotations: {sidecar.istio.io/inject: "false"}}}',
  ])('outside the mesh need no labels: %s', (template) => {
    expect(findingsOf(rules, deployment(template))).toEqual([]);
  });

  it('of the root namespace need no labels', () => {
    expect(findingsOf(rules, deployment('{}', '', 'istio-system'))).toEqual([]);
  });
});

describe('a selector', () => {
  const good = '{metadata: {labels: {app: a, version: v1}}}';

  it.each([
    'selector: {matchLabels: {app: a}},',
    'selector: {matchExpressions: [{key: app, operator: In, values: [a, b]}, {key: team, operator: DoesNotExist}]},',
    'selector: {},',
  ])('that chooses the pods of its template is fine: %s', (selector) => {
    expect(findingsOf(rules, deployment(good, selector))).toEqual([]);
  });

  it.each([
    ['{matchLabels: {app: b}}', 'spec.selector'],
    ['{matchLabels: {toString: x}}', 'spec.selector'],
    ['{matchExpressions: [{key: app, operator: DoesNotExist}]}', 'spec.selector'],
    ['{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}', 'spec.selector'],
    [
      '{matchLabels: {}, matchExpressions: [{key: app, operator: Exists, values: [a]}]}',
      'spec.selector.matchExpressions[0].values',
    ],
  ])('%s gets an error at %s', (selector, path) => {
    expect(findingsOf(rules, deployment(good, `selector: ${selector},`))).toEqual([
      `Error InvalidValue ${path}`,
    ]);
  });

  it('gets an error for each key and value that is no label', () => {
    const selector =
      'selector: {matchLabels: {app: a}, matchExpressions: [{key: "x/y/z", operator: NotIn, values: ["a b"]}]},';
    expect(findingsOf(rules, deployment(good, selector))).toEqual([
      'Error InvalidValue spec.selector.matchExpressions[0].key',
      'Error InvalidValue spec.selector.matchExpressions[0].values[0]',
    ]);
  });

  it('In without values gets an error', () => {
    const selector = 'selector: {matchExpressions: [{key: app, operator: In}]},';
    expect(findingsOf(rules, deployment(good, selector))[0]).toBe(
      'Error InvalidValue spec.selector.matchExpressions[0]',
    );
  });

  it('of a ReplicationController is a plain map', () => {
    const text =
      '{apiVersion: v1, kind: ReplicationController, metadata: {name: x}, spec: {selector: {app: b}, template: {metadata: {labels: {app: a, version: v1}}}}}';
    expect(findingsOf(controllers, text)).toEqual(['Error InvalidValue spec.selector']);
  });
});

describe('the ports of containers', () => {
  const pod = (containers: string): string =>
    `{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: ${containers}}}`;
  const AT = 'spec.containers[0].ports';

  it.each([
    ['{name: web, containerPort: 80}, {name: web, containerPort: 81}', `Error Duplicate ${AT}[1].name`],
    ['{containerPort: 80}, {containerPort: 80}', `Warning Duplicate ${AT}[1].containerPort`],
    [
      '{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}',
      `Error Duplicate ${AT}[1].hostPort`,
    ],
    ['{name: Web, containerPort: 80}', `Error InvalidValue ${AT}[0].name`],
    ['{name: a-name-that-is-long, containerPort: 80}', `Error InvalidValue ${AT}[0].name`],
    ['{name: "80", containerPort: 80}', `Error InvalidValue ${AT}[0].name`],
    ['{name: a--b, containerPort: 80}', `Error InvalidValue ${AT}[0].name`],
  ])('%s: %s', (ports, finding) => {
    expect(findingsOf(pods, pod(`[{name: a, ports: [${ports}]}]`))).toEqual([finding]);
  });

  it('may be the same with another transport, and named alike in two containers', () => {
    const one =
      '{name: a, ports: [{name: dns, containerPort: 53}, {name: dns-udp, containerPort: 53, protocol: UDP}]}';
    expect(findingsOf(pods, pod(`[${one}, {name: b, ports: [{name: dns, containerPort: 54}]}]`))).toEqual([]);
  });

  it.each([
    [
      '{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {template: {spec: {containers: [{ports: [{name: A, containerPort: 1}]}]}}}}',
      'spec.template',
    ],
    [
      '{apiVersion: batch/v1, kind: CronJob, metadata: {name: x}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{ports: [{name: A, containerPort: 1}]}]}}}}}}',
      'spec.jobTemplate.spec.template',
    ],
  ])('are checked in %s', (text, at) => {
    expect(findingsOf(jobs, text)).toEqual([`Error InvalidValue ${at}.spec.containers[0].ports[0].name`]);
  });
});
