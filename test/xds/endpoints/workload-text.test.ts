import { expect, test } from 'vitest';
import { workloadText } from '../../../src/xds/endpoints/workload-text.ts';

const CANONICAL = 'service.istio.io/canonical-name';
const REVISION = 'service.istio.io/canonical-revision';

test.each<readonly [Readonly<Record<string, string>>, string]>([
  [{ app: 'web', version: 'v1' }, 'web-1;shop;web;v1;east'],
  [
    { app: 'web', 'app.kubernetes.io/name': 'site', 'app.kubernetes.io/version': '2' },
    'web-1;shop;site;2;east',
  ],
  [{ app: 'web', [CANONICAL]: 'canon', [REVISION]: 'latest' }, 'web-1;shop;canon;;east'],
  [{}, 'web-1;shop;web-1;;east'],
])('of a workload with the labels %j', (labels, expected) => {
  expect(workloadText({ workload: 'web-1', namespace: 'shop', labels }, 'east')).toBe(expected);
});

test('of an address of which no pod is known', () => {
  expect(workloadText({ workload: '', namespace: 'shop', labels: {} }, 'east')).toBe(';shop;;;east');
});
