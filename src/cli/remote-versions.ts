/** The versions of the control plane and of the proxies that are connected to it. */

import { MeshError } from '../base/mesh-error.ts';
import { timeoutSignal } from './cluster.ts';
import type { Context } from './context.ts';
import { askAll, type ControlPlaneFlags, findControlPlane, type IstiodAnswer } from './control-plane.ts';
import { readStates } from './proxy-status/proxy-states.ts';

/** In istioctl's shape. */
export interface RemoteVersions {
  readonly meshVersion: readonly {
    readonly Component: string;
    readonly Revision: string;
    readonly Info: { readonly version: string };
  }[];
  /** Absent when nobody could tell. */
  readonly dataPlaneVersion?: readonly {
    readonly ID: string;
    readonly IstioVersion: string;
    readonly Type: string;
  }[];
}

/** Undefined, and a note why, when the control plane cannot be asked in time. */
export async function remoteVersions(
  flags: ControlPlaneFlags & { readonly timeout: string },
  context: Context,
): Promise<RemoteVersions | undefined> {
  const signal = timeoutSignal(flags.timeout);
  try {
    const istiods = await findControlPlane(flags, context, signal);
    const [versions, states] = await Promise.all([
      askAll(istiods, '/version', signal),
      askAll(istiods, '/debug/syncz', signal),
    ]);
    for (const answer of versions) {
      if ('failure' in answer)
        note(context, `the version of ${answer.istiod.name} is missing`, answer.failure);
    }
    const isSilent = states.every((answer) => 'failure' in answer);
    for (const [index, answer] of states.entries()) {
      const isTold = 'failure' in (versions[index] ?? {});
      if ('failure' in answer && !isTold)
        note(context, `the proxies of ${answer.istiod.name} are missing`, answer.failure);
    }
    return {
      meshVersion: versions.flatMap((answer) =>
        'body' in answer
          ? [{ Component: answer.istiod.name, Revision: answer.istiod.revision, Info: versionOf(answer) }]
          : [],
      ),
      ...(!isSilent && {
        dataPlaneVersion: states.flatMap((answer) =>
          'body' in answer
            ? readStates(answer.body, answer.istiod.name).map(({ name, version, type }) => ({
                ID: name,
                IstioVersion: version,
                Type: type,
              }))
            : [],
        ),
      }),
    };
  } catch (error) {
    if (!(error instanceof MeshError) && !signal.aborted) throw error;
    // Nobody who only has files wants to hear of a cluster.
    const isUsual = error instanceof MeshError && error.code === 'NoKubeconfig';
    if (!isUsual || flags.kubeconfig !== undefined || context.verbose) {
      note(context, 'the control plane is not shown', error instanceof MeshError ? error : undefined);
    }
    return undefined;
  }
}

function note(context: Context, what: string, error: MeshError | undefined): void {
  const file = error?.where?.file === undefined ? '' : `${error.where.file}: `;
  const reason = error === undefined ? 'it does not answer in time' : `${file}${error.message}`;
  // Which right is missing helps only with the rule that gives it.
  const hint = error?.code === 'Forbidden' && error.hint !== undefined ? `; ${error.hint}` : '';
  context.stderr.write(`Note: ${what}: ${reason}${hint}\n`);
}

/** Istio's own answers with a text. */
function versionOf(answer: Extract<IstiodAnswer, { readonly body: Buffer }>): { readonly version: string } {
  const text = answer.body.toString('utf8').trim();
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    if (typeof version === 'string') return { version };
  } catch {
    // Then it is the version itself.
  }
  return { version: text.split(/\s/, 1)[0]?.slice(0, 100) ?? '' };
}

/** A line each; with `short` equal versions are put together. */
export function remoteText({ meshVersion, dataPlaneVersion }: RemoteVersions, short: boolean): string {
  const versions = new Set(meshVersion.map(({ Info }) => Info.version));
  const [only] = versions;
  const controlPlane =
    short && versions.size === 1
      ? `control plane version: ${only}\n`
      : meshVersion.map(({ Component, Info }) => `${Component} version: ${Info.version}\n`).join('');
  if (dataPlaneVersion === undefined) return controlPlane;
  return `${controlPlane}data plane version: ${proxiesText(dataPlaneVersion.map(({ IstioVersion }) => IstioVersion))}\n`;
}

/** `1.27.0 (3 proxies), 1.26.2 (1 proxy)`. */
function proxiesText(versions: readonly string[]): string {
  const counts = [...Map.groupBy(versions, (version) => (version === '' ? 'unknown' : version))]
    .map(([version, all]) => ({ version, count: all.length }))
    .sort((one, other) => other.count - one.count || (one.version < other.version ? -1 : 1));
  if (counts.length === 0) return 'none';
  return counts
    .map(({ version, count }) => `${version} (${count} ${count === 1 ? 'proxy' : 'proxies'})`)
    .join(', ');
}
