/** What the groups of kinds are called in the reference. Groups that are not here go by their own name. */

export const GROUP_TITLES: Readonly<Record<string, string>> = {
  'networking.istio.io': 'Traffic (networking.istio.io)',
  'security.istio.io': 'Security (security.istio.io)',
  'telemetry.istio.io': 'Telemetry (telemetry.istio.io)',
  'extensions.istio.io': 'Extensions (extensions.istio.io)',
  'mesh.istio.io': 'Files of the mesh',
  'gateway.networking.k8s.io': 'Gateway API (gateway.networking.k8s.io)',
  'authentication.istio.io': 'Authentication of Istio 1.4 (authentication.istio.io)',
  'rbac.istio.io': 'Authorization of Istio 1.4 (rbac.istio.io)',
  'config.istio.io': 'Mixer (config.istio.io)',
  core: 'Kubernetes core',
};
