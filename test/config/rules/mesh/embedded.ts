/** Checks mesh settings as they stand in the ConfigMaps of a control plane. */

import { validationOf } from '../core/run-rules.ts';

const PLACES = {
  mesh: 'istio',
  meshNetworks: 'istio',
  values: 'istio-sidecar-injector',
} as const;

/** `Error check path` of each finding; the path is from the root of the settings. */
export async function settingsFindings(field: keyof typeof PLACES, yaml: string): Promise<string[]> {
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: PLACES[field], namespace: 'istio-system' },
    data: { [field]: yaml },
  };
  const findings = await validationOf(JSON.stringify(map));
  return findings.map((finding) => finding.replace(`data.${field}.`, '').replace(`data.${field}`, '(root)'));
}
