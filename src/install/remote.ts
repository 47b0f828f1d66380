/** A cluster without a control plane of its own: the Service that leads to one elsewhere, and its account here. */

import { binding, type Installation, serviceAccount } from './installation.ts';
import { istiodServicePorts } from './istiod.ts';
import type { Resource } from './resource.ts';
import { readerClusterRole, readerRole } from './roles.ts';

/** Makes the name `istiod` lead to the control plane elsewhere. Nothing without its address. */
export function remoteService(installation: Installation): readonly Resource[] {
  const { global, istiod, namespace } = installation;
  const address = global.remotePilotAddress ?? '';
  if (address === '') return [];
  const labels = installation.labels('IstiodRemote', 'istiod');
  const metadata = { name: istiod, namespace, labels };
  const isV4 = /^[0-9.]+$/.test(address);
  if (!isV4 && !address.includes(':')) {
    return [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { type: 'ExternalName', externalName: address, ports: istiodServicePorts() },
      },
    ];
  }
  const ports = istiodServicePorts();
  return [
    // Without a selector: the endpoints stand below.
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None', ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${istiod}-remote`,
        namespace,
        labels: { ...labels, 'kubernetes.io/service-name': istiod },
      },
      addressType: isV4 ? 'IPv4' : 'IPv6',
      endpoints: [{ addresses: [address] }],
      ports: ports.map(({ name, port, targetPort, protocol }) => ({
        name,
        port: targetPort ?? port,
        protocol,
      })),
    },
  ];
}

/** The account that control planes of other clusters read this one with (`mesh create-remote-secret`). */
export function readerAccount(installation: Installation): readonly Resource[] {
  const { namespace } = installation;
  const name = 'istio-reader-service-account';
  const labels = installation.labels('Base', 'istio-reader');
  const account = { name, namespace };
  const everywhere = readerClusterRole(installation, labels);
  const here = readerRole(installation, labels);
  return [
    serviceAccount(installation, name, namespace, labels),
    everywhere,
    binding('ClusterRoleBinding', everywhere, account),
    here,
    binding('RoleBinding', here, account),
  ];
}
