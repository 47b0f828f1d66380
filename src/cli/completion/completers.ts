/** Where candidates for values come from. Each loads no more than it needs. */

import type { ClusterCompleterName, CompleterName } from '../command.ts';
import type { Context } from '../context.ts';
import { GLOBAL_FLAGS } from '../global-flags.ts';
import type { Candidate, TypedFlags } from './candidates.ts';
import type { NameFlags } from './cluster-names.ts';

type Source = (word: string) => Promise<readonly Candidate[]>;

const SOURCES: Readonly<Record<Exclude<CompleterName, 'files' | 'folders' | ClusterCompleterName>, Source>> =
  {
    async kinds() {
      const { KINDS } = await import('../../api/kinds.ts');
      return KINDS.map(({ kind, summary }) => ({ value: kind, description: summary }));
    },
    async 'kind-paths'(word) {
      const { completeKindPath } = await import('./kind-path.ts');
      return completeKindPath(word);
    },
    async codes() {
      const { allRules } = await import('../../analysis/reporters/rule-text.ts');
      return [...allRules().values()].map(({ code, name }) => ({ value: code, description: name }));
    },
    async analyzers() {
      const { ANALYZERS } = await import('../../analysis/generated/analyzers.ts');
      return ANALYZERS.map(({ name, summary }) => ({ value: name, description: summary }));
    },
    async profiles() {
      const { PROFILES } = await import('../../install/profiles.ts');
      return PROFILES.map((value) => ({ value, description: '' }));
    },
    async commands() {
      const { COMMANDS } = await import('../generated/commands.ts');
      return COMMANDS.filter(({ hidden, path }) => !hidden && path.length === 1).map(({ path, summary }) => ({
        value: path.join(' '),
        description: summary,
      }));
    },
  };

/** The candidates of a completer; `files` and `folders` are the shell's own business. */
export async function candidatesOf(
  name: CompleterName,
  word: string,
  typed: TypedFlags,
  context: Context,
): Promise<readonly Candidate[]> {
  switch (name) {
    case 'files':
    case 'folders':
      return [];
    case 'namespaces':
    case 'pods':
    case 'control-plane-pods':
    case 'deployments':
    case 'services':
    case 'revisions':
    case 'tags': {
      const { namesInCluster } = await import('./cluster-names.ts');
      return namesInCluster(name, word, nameFlags(typed, context), context);
    }
    default:
      return SOURCES[name](word);
  }
}

/** As the command itself would have them, from the line, the environment and the configuration file. */
function nameFlags(typed: TypedFlags, { settings }: Context): NameFlags {
  const of = (flag: keyof typeof GLOBAL_FLAGS): string | undefined =>
    typed(flag) ?? settings.find(flag, [], GLOBAL_FLAGS[flag])?.text;
  const group = of('as-group');
  return {
    namespace: of('namespace'),
    istioNamespace: of('istioNamespace') ?? GLOBAL_FLAGS.istioNamespace.default,
    kubeconfig: of('kubeconfig'),
    context: of('context'),
    as: of('as'),
    'as-uid': of('as-uid'),
    'as-group': group === undefined ? [] : [group],
  };
}
