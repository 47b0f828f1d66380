import { describe, expect, test } from 'vitest';
import { injectorOf, type Labels, verdicts } from '../../src/cli/injectors.ts';
import { installationOf } from '../../src/install/installation.ts';
import { resolveSettings } from '../../src/install/settings.ts';
import { injectorWebhook, tagWebhook } from '../../src/install/webhooks.ts';

const of = (revision: string) => installationOf(resolveSettings([{ spec: { revision } }], '0.1.0'), '0.1.0');
const plain = injectorWebhook(of(''));
const canary = injectorWebhook(of('canary'));
const prod = tagWebhook(of('canary'), 'prod');

describe('who injects a pod', () => {
  test.each<[string, Labels, Labels, readonly string[]]>([
    ['the plain label', { 'istio-injection': 'enabled' }, {}, [plain.metadata.name]],
    ['a revision', { 'istio.io/rev': 'canary' }, {}, [canary.metadata.name]],
    ['a tag', { 'istio.io/rev': 'prod' }, {}, [prod.metadata.name]],
    ['a label of the pod', {}, { 'sidecar.istio.io/inject': 'true' }, [plain.metadata.name]],
    ['a revision of the pod', {}, { 'istio.io/rev': 'canary' }, [canary.metadata.name]],
    ['a pod that refuses', { 'istio-injection': 'enabled' }, { 'sidecar.istio.io/inject': 'false' }, []],
    [
      'a namespace that refuses',
      { 'istio-injection': 'disabled' },
      { 'sidecar.istio.io/inject': 'true' },
      [],
    ],
    ['nobody said anything', {}, {}, []],
  ])('%s', (_title, namespace, pod, expected) => {
    const found = verdicts([plain, canary, prod], namespace, pod);
    expect(found.filter(({ isInjecting }) => isInjecting).map(({ webhook }) => webhook)).toEqual(expected);
    for (const { reason } of found) expect(reason).not.toBe('');
  });

  test('and the reason names the labels', () => {
    const [verdict] = verdicts([plain], { 'istio-injection': 'enabled' }, {});
    expect(verdict?.reason).toBe('Namespace label istio-injection=enabled matches');
    const [refused] = verdicts([plain], {}, { 'sidecar.istio.io/inject': 'false' });
    expect(refused?.reason).toContain('preventing injection');
  });

  test('a namespace has the injector of its label', () => {
    expect(injectorOf([plain, canary], { 'istio.io/rev': 'canary' })).toBe(canary);
    expect(injectorOf([plain, canary], {})).toBeUndefined();
  });
});
