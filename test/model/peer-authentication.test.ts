import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { PeerPolicies } from '../../src/model/peer-authentication.ts';
import { Snapshot } from '../../src/model/snapshot.ts';

type PolicyText = readonly [namespace: string, name: string, spec: string];

function policies(...list: readonly PolicyText[]): PeerPolicies {
  const text = list
    .map(
      ([namespace, name, spec]) =>
        `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: ${name}, namespace: ${namespace}}, spec: ${spec}}`,
    )
    .join('\n---\n');
  return new PeerPolicies(Snapshot.build(parseText(text, 'policies.yaml').objects));
}

const FRUITS = { app: 'fruits', version: 'v1' };

describe('what a workload accepts', () => {
  it.each<readonly [string, readonly PolicyText[], string, string | undefined]>([
    ['the default without any policy', [], 'PERMISSIVE', undefined],
    ["the mesh's policy", [['istio-system', 'mesh', '{mtls: {mode: STRICT}}']], 'STRICT', 'mesh'],
    [
      "its namespace's policy before the mesh's",
      [
        ['istio-system', 'mesh', '{mtls: {mode: STRICT}}'],
        ['shop', 'all', '{mtls: {mode: DISABLE}}'],
      ],
      'DISABLE',
      'all',
    ],
    [
      'a policy that selects it before all others',
      [
        ['shop', 'all', '{mtls: {mode: DISABLE}}'],
        ['shop', 'fruits', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}}'],
      ],
      'STRICT',
      'fruits',
    ],
    [
      'the wider policy where the nearer leaves the mode open',
      [
        ['istio-system', 'mesh', '{mtls: {mode: STRICT}}'],
        ['shop', 'all', '{mtls: {mode: UNSET}}'],
        ['shop', 'fruits', '{selector: {matchLabels: {app: fruits}}}'],
      ],
      'STRICT',
      'mesh',
    ],
    [
      'the first of several in one scope',
      [
        ['shop', 'first', '{mtls: {mode: STRICT}}'],
        ['shop', 'second', '{mtls: {mode: DISABLE}}'],
      ],
      'STRICT',
      'first',
    ],
    [
      'nothing of policies that select others, or stand elsewhere',
      [
        ['shop', 'juices', '{selector: {matchLabels: {app: juices}}, mtls: {mode: STRICT}}'],
        ['office', 'all', '{mtls: {mode: STRICT}}'],
        ['istio-system', 'fruits', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}}'],
      ],
      'PERMISSIVE',
      undefined,
    ],
  ])('is %s', (_title, list, mode, from) => {
    const found = policies(...list).of('shop', FRUITS);
    expect(found.mode).toBe(mode);
    expect(found.from?.meta.name).toBe(from);
  });

  it('differs by port where the selecting policy says so', () => {
    const spec = (mode: string) =>
      `{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: ${mode}}}}`;
    expect(policies(['shop', 'fruits', spec('DISABLE')]).of('shop', FRUITS).hasOtherPorts).toBe(true);
    expect(policies(['shop', 'fruits', spec('UNSET')]).of('shop', FRUITS).hasOtherPorts).toBe(false);
  });

  it('is what the namespace does when no workload is asked for', () => {
    const found = policies(
      ['shop', 'fruits', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: DISABLE}}'],
      ['shop', 'all', '{mtls: {mode: STRICT}}'],
    ).of('shop');
    expect(found.mode).toBe('STRICT');
  });
});
