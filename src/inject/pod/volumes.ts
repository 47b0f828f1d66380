/** The volumes that the proxy container mounts. */

import { getKey } from '../yaml/value.ts';
import type { JsonMap } from '../yaml/value.ts';
import { mapIn } from './annotations.ts';
import type { TemplateContext } from './context.ts';

export function proxyVolumes(context: TemplateContext): JsonMap[] {
  const account = getKey(context.pod.spec, 'serviceAccountName');
  return [
    { name: 'workload-socket', emptyDir: {} },
    { name: 'credential-socket', emptyDir: {} },
    context.text('global.caName') === 'GkeWorkloadCertificate'
      ? {
          name: 'gke-workload-certificate',
          csi: { driver: 'workloadcertificates.security.cloud.google.com' },
        }
      : { name: 'workload-certs', emptyDir: {} },
    ...(context.has('sidecar.istio.io/bootstrapOverride')
      ? [
          {
            name: 'custom-bootstrap-volume',
            configMap: { name: context.pod.annotations['sidecar.istio.io/bootstrapOverride'] ?? '' },
          },
        ]
      : []),
    { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
    { name: 'istio-data', emptyDir: {} },
    { name: 'istio-podinfo', downwardAPI: { items: ['labels', 'annotations'].map(podField) } },
    { name: 'istio-token', projected: { sources: [{ serviceAccountToken: token(context) }] } },
    ...(context.text('global.pilotCertProvider') === 'istiod'
      ? [
          {
            name: 'istiod-ca-cert',
            // As long as nothing has written it, pods start without it; it appears in them when it is there.
            configMap: {
              name: context.text('global.trustBundleName') || 'istio-ca-root-cert',
              optional: true,
            },
          },
        ]
      : []),
    ...(context.flag('global.mountMtlsCerts')
      ? [
          {
            name: 'istio-certs',
            secret: {
              optional: true,
              secretName: `istio.${typeof account === 'string' && account !== '' ? account : 'default'}`,
            },
          },
        ]
      : []),
  ];
}

/** Volumes that the pod's owner asks for by annotation. */
export function userVolumes({ pod }: TemplateContext): JsonMap[] {
  const given = mapIn(pod.annotations['sidecar.istio.io/userVolume']);
  return Object.keys(given).map((name) => ({ name, ...(getKey(given, name) as JsonMap) }));
}

function podField(path: string): JsonMap {
  return { path, fieldRef: { fieldPath: `metadata.${path}` } };
}

/** Valid for twelve hours; the kubelet renews it. */
function token(context: TemplateContext): JsonMap {
  return { path: 'istio-token', expirationSeconds: 43_200, audience: context.text('global.sds.token.aud') };
}
