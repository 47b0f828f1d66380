/** Manifests with settings that no profile has, on a real API server. */

import { beforeAll, expect, test } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { describeOnRealServer, makeNamespaces } from './on-real-server.ts';

const CASES: Readonly<Record<string, readonly string[]>> = {
  'network policies, a tag and other clusters': [
    'profile=demo',
    'values.global.networkPolicy.enabled=true',
    'values.global.multiCluster.enabled=true',
    'values.global.multiCluster.clusterName=east',
    'values.global.network=net1',
    'values.revisionTags={prod}',
    'values.sidecarInjectorWebhook.enableNamespacesByDefault=true',
    'tracing.provider=zipkin',
  ],
  'a control plane elsewhere, by address': ['profile=remote', 'values.global.remotePilotAddress=192.0.2.5'],
  'a control plane elsewhere, by name': [
    'profile=remote',
    'values.global.remotePilotAddress=istiod.example.com',
  ],
  'a control plane elsewhere, by URL': [
    'profile=remote',
    'values.istiodRemote.injectionURL=https://istiod.example.com/inject',
  ],
  'a revision, and gateways of other kinds': [
    'revision=canary',
    'components.ingressGateways[name:internal].enabled=true',
    'components.ingressGateways[name:internal].label.istio=internal',
    'components.ingressGateways[name:internal].k8s.service={"type":"NodePort","externalTrafficPolicy":"Local"}',
    'components.ingressGateways[0].k8s.hpaSpec={"minReplicas":2,"maxReplicas":9}',
    'components.pilot.k8s.podDisruptionBudget={"minAvailable":"50%"}',
    'components.pilot.k8s.replicaCount=3',
    'components.pilot.k8s.tolerations=[{"key":"a","operator":"Exists"}]',
    'values.global.imagePullSecrets={registry}',
    'values.gateways.istio-ingressgateway.secretVolumes=[{"name":"certs","secretName":"certs","mountPath":"/etc/certs"}]',
    'values.gateways.istio-ingressgateway.ports=[{"port":80,"targetPort":8080,"nodePort":31380},{"port":31400}]',
    'values.pilot.env.PILOT_X=true',
    'values.pilot.memory.targetAverageUtilization=70',
  ],
};

describeOnRealServer('mesh manifest generate', (server) => {
  beforeAll(() => makeNamespaces(server(), ['istio-system']), 60_000);

  test.for(Object.entries(CASES))('with %s makes what the server takes', async ([, settings]) => {
    const words = settings.flatMap((setting) => ['--set', setting]);
    const { code, stdout } = await runMesh([
      'manifest',
      'generate',
      '--set',
      'values.base.enableIstioConfigCRDs=false',
      ...words,
    ]);
    expect(code).toBe(0);
    const flags = ['apply', '--server-side', '--validate=strict', '--dry-run=server', '-f', '-'];
    const { status, stderr } = server().kubectl(flags, stdout);
    expect([status, stderr]).toEqual([0, '']);
  });

  test('with the objects of a tag makes what the server takes', async () => {
    const { stdout } = await runMesh([
      'tag',
      'generate',
      'default',
      '--revision',
      'canary',
      '--auto-inject-namespaces',
    ]);
    const { status, stderr } = server().kubectl(
      ['apply', '--server-side', '--validate=strict', '--dry-run=server', '-f', '-'],
      stdout,
    );
    expect([status, stderr]).toEqual([0, '']);
  });
});
