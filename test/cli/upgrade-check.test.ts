import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';

const TODAY = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
`;
const OLD = `apiVersion: authentication.istio.io/v1alpha1
kind: Policy
metadata: {name: default, namespace: shop}
spec: {peers: [{mtls: {}}]}
`;
const FIELD = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http: [{fault: {delay: {percent: 10, fixedDelay: 1s}}, route: [{destination: {host: web}}]}]
`;

describe('mesh upgrade-check', () => {
  test('names kinds and fields that are given up, with what took their place', async () => {
    const run = await runMesh(['upgrade-check', '-'], { stdin: [OLD, FIELD, TODAY].join('---\n') });
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/Policy shop\/default.*no longer part of Istio\n +PeerAuthentication/);
    expect(run.stdout).toContain('fault.delay.percentage');
    expect(run.stdout).not.toContain('(PeerAuthentication');
  });

  test('has nothing to say of what is current, broken references included', async () => {
    const lost = FIELD.replace('fault: {delay: {percent: 10, fixedDelay: 1s}}, ', '');
    const run = await runMesh(['upgrade-check', '-', '-o', 'json'], { stdin: [TODAY, lost].join('---\n') });
    expect([run.code, run.stdout]).toEqual([0, '[]\n']);
  });

  test('names the file and line of what it finds, and keys of an installation that have moved', async () => {
    const stdin = `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  values:
    global: {mtls: {enabled: true}}
`;
    const run = await runMesh(['upgrade-check', '-'], { stdin });
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/-:5:\d+\)/);
  });
});
