/** From the texts of files and single settings to all settings and objects: what commands and the library share. */

import type { IstioOperatorSpec } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { MeshError } from '../base/mesh-error.ts';
import { buildManifest } from './manifest.ts';
import type { PackageParts } from './package-parts.ts';
import type { Resource } from './resource.ts';
import { type Layer, resolveSettings } from './settings.ts';
import { type OperatorInput, readOperatorInput } from './operator-input.ts';

export interface InstallationInput extends OperatorInput {
  /** Profile to start from where neither files nor settings name one. */
  readonly base?: string | undefined;
  /** Revision of the control plane; wins over files and settings. */
  readonly revision?: string;
  /** Namespace of the control plane; wins likewise. */
  readonly namespace?: string;
  /** What an installation was made from that is to be changed; files and settings are laid over it. */
  readonly earlier?: readonly Layer[];
}

export interface RenderedSettings {
  readonly spec: IstioOperatorSpec;
  /** What was laid over the profile, to make the same again with the same revision and namespace. */
  readonly layers: readonly Layer[];
  readonly warnings: readonly string[];
}

/** All settings of an installation. Throws a `MeshError` for what cannot be read or is wrong. */
export async function settingsOf(
  { base, files, sets, revision, namespace, earlier = [] }: InstallationInput,
  parts: PackageParts,
): Promise<RenderedSettings> {
  const { layers, warnings } = await readOperatorInput({ files, sets }, parts);
  requireLabel('revision', revision, 56);
  requireLabel('istioNamespace', namespace, 63);
  const profile = base === undefined ? [] : [{ spec: { profile: base } }];
  const flags = {
    ...(revision === undefined ? {} : { revision }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  const all = withoutRepeats([...profile, ...earlier, ...layers]);
  return { spec: resolveSettings([...all, { spec: flags }], parts.version), layers: all, warnings };
}

/** Of what is said several times the last counts, so that a command run again adds nothing. */
function withoutRepeats(layers: readonly Layer[]): readonly Layer[] {
  const last = new Map(layers.map((layer, index) => [JSON.stringify(layer), index]));
  return layers.filter((layer, index) => last.get(JSON.stringify(layer)) === index);
}

/** Refuses what Kubernetes would refuse as a name later. The revision may be empty, which stands for none. */
function requireLabel(flag: string, value: string | undefined, limit: number): void {
  if (value === undefined || (flag === 'revision' && value === '')) return;
  if (value.length <= limit && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(value)) return;
  throw new MeshError('BadFlagValue', `--${flag} is "${value}", which is no DNS label`, {
    hint: `Use small letters, digits and dashes, up to ${limit} of them, for example --${flag} canary.`,
  });
}

export interface RenderedManifest extends RenderedSettings {
  readonly resources: readonly Resource[];
}

/** The objects of an installation, in apply order. Throws as `settingsOf` does. */
export async function renderInstallation(
  input: InstallationInput,
  parts: PackageParts,
  filter: readonly string[] = [],
): Promise<RenderedManifest> {
  const { spec, layers, warnings } = await settingsOf(input, parts);
  const needsCrds =
    spec.components?.base?.enabled === true && (filter.length === 0 || filter.includes('Base'));
  const crds = needsCrds ? parts.crds() : [];
  const { resources, notes } = buildManifest(spec, { version: parts.version, crds, filter });
  return { spec, layers, resources, warnings: [...warnings, ...notes] };
}

/** The objects that a built-in profile installs, as `profile:NAME` of `mesh diff` means it. */
export async function profileResources(profile: string, parts: PackageParts): Promise<readonly Resource[]> {
  return (await renderInstallation({ files: [], sets: [`profile=${profile}`] }, parts)).resources;
}
