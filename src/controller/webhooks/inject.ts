/** The webhook `/inject`: a new pod to the patch that gives it its sidecar. */

import { MeshError } from '../../base/mesh-error.ts';
import { injectPodObject } from '../../inject/inject.ts';
import { mergeValues, type InjectSettings } from '../../inject/settings.ts';
import type { JsonMap } from '../../inject/yaml/value.ts';
import { jsonPatch } from './json-patch.ts';
import type { AdmissionRequest, Verdict } from './review.ts';

/** How a review ends, besides what the API server is told. */
export interface Injection {
  readonly verdict: Verdict;
  /** Why the pod gets no sidecar, though nothing is wrong. */
  readonly skipped?: string;
}

/**
 * What the pod of a request gets. `path` is that of the webhook; after `/inject` it may say where proxies are, as
 * `/inject/cluster/west/net/net1`. Throws a `MeshError` for a pod, settings or a path that cannot be used.
 */
export function injectReview(request: AdmissionRequest, path: string, settings: InjectSettings): Injection {
  const { kind, operation, object, namespace } = request;
  if (kind.group !== '' || kind.kind !== 'Pod') {
    throw new MeshError('NotAPod', `the injector is asked about a ${kind.kind || 'nothing'}, not a Pod`, {
      hint: 'The rules of the MutatingWebhookConfiguration must name pods alone.',
    });
  }
  const placed = placedSettings(path, settings);
  if (operation !== 'CREATE') return skipped(`the operation is ${operation}`);
  if (object === undefined) throw new MeshError('BadReview', 'the review has no object');
  const pod: JsonMap = { ...object, apiVersion: 'v1', kind: 'Pod' };
  const result = injectPodObject(pod, { ...placed, defaultNamespace: namespace });
  switch (result.outcome) {
    case 'skipped':
      return skipped(result.reason);
    case 'unchanged':
      return skipped('has its sidecar already');
    case 'injected':
      return { verdict: { allowed: true, patch: jsonPatch(pod, result.pod) } };
  }
}

function skipped(reason: string): Injection {
  return { verdict: { allowed: true }, skipped: reason };
}

/** Settings with what the path says of the place. */
function placedSettings(path: string, settings: InjectSettings): InjectSettings {
  const words = path.split('/').slice(2).filter(Boolean);
  let { values } = settings;
  for (let index = 0; index < words.length; index += 2) {
    const [key = '', value] = words.slice(index, index + 2);
    if (value === undefined || (key !== 'cluster' && key !== 'net')) {
      throw new MeshError('BadPath', `the path ${path} of the webhook cannot be used`, {
        hint: 'It may be /inject, with /cluster/NAME and /net/NAME behind it.',
      });
    }
    const told: JsonMap = key === 'cluster' ? { multiCluster: { clusterName: value } } : { network: value };
    values = mergeValues(values, { global: told });
  }
  return { ...settings, values };
}
