/** Labels by which Services and policies choose workloads. */

import type { Labels } from '../base/label-selector.ts';

export { type Labels, matchesLabels } from '../base/label-selector.ts';

/** `app=a,version=v1`, sorted by key: how selectors are shown in messages. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
