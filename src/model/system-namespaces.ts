/** Namespaces that belong to Kubernetes itself, where no mesh is expected. */

/** Their names. */
export const SYSTEM_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
];

/** Whether the mesh keeps out of the namespace: it is one of Kubernetes' own, or a local cluster's. */
export function isSystemNamespace(namespace: string): boolean {
  return SYSTEM_NAMESPACES.includes(namespace);
}
