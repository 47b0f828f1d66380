/** The built-in profiles. */

import type { IstioOperatorSpec } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { overlay } from './overlay.ts';
import { profile as base } from './profiles/default.ts';
import { profile as demo } from './profiles/demo.ts';
import { profile as demoAuth } from './profiles/demo-auth.ts';
import { profile as empty } from './profiles/empty.ts';
import { profile as minimal } from './profiles/minimal.ts';
import { profile as remote } from './profiles/remote.ts';
import { profile as sds } from './profiles/sds.ts';
import type { Tree } from './setting-path.ts';

/** What each profile changes of `default`. */
const CHANGES: Readonly<Record<string, IstioOperatorSpec>> = {
  default: {},
  demo,
  'demo-auth': demoAuth,
  empty,
  minimal,
  remote,
  sds,
};

/** Names of the profiles, sorted. */
export const PROFILES: readonly string[] = Object.keys(CHANGES).toSorted();

/** All settings of a profile. Throws a `MeshError` with code `UnknownProfile` that names the nearest. */
export function profileSpec(name: string): Tree {
  const changes = Object.hasOwn(CHANGES, name) ? CHANGES[name] : undefined;
  if (changes === undefined) {
    const near = nearestName(name, PROFILES);
    throw new MeshError('UnknownProfile', `there is no profile "${name}"`, {
      hint: `${near === undefined ? '' : `Did you mean ${near}? `}The profiles are ${PROFILES.join(', ')}.`,
    });
  }
  return overlay(overlay({ profile: name }, base), { ...changes });
}
