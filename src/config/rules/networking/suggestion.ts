/** The "did you mean" of a finding. */

import { nearestName } from '../../../base/nearest.ts';

/** Options for a finding about a name that is none of the candidates: a hint, when one of them is near. */
export function didYouMean(name: string, candidates: readonly string[]): { hint?: string } {
  const near = nearestName(name, candidates);
  return near === undefined ? {} : { hint: `Did you mean ${near}?` };
}
