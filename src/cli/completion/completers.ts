/** Where candidates for values come from. Each loads no more than it needs, and nothing asks a cluster. */

import type { CompleterName } from '../command.ts';
import type { Candidate } from './candidates.ts';

type Source = (word: string) => Promise<readonly Candidate[]>;

const SOURCES: Readonly<Record<Exclude<CompleterName, 'files' | 'folders'>, Source>> = {
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
export async function candidatesOf(name: CompleterName, word: string): Promise<readonly Candidate[]> {
  return name === 'files' || name === 'folders' ? [] : SOURCES[name](word);
}
