/** `mesh analyze --list-analyzers`. */

import { ANALYZERS } from '../analysis/generated/analyzers.ts';
import { analyzerRows } from './analyzer-choice.ts';
import type { Context } from './context.ts';

/** The list as istioctl has it, with the codes; as data for `-o json` and `-o yaml`. */
export async function listAnalyzers(format: string, { stdout }: Context): Promise<number> {
  const rows = analyzerRows(ANALYZERS);
  if (format === 'json') {
    stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
  } else if (format === 'yaml') {
    const { toYaml } = await import('./output/yaml.ts');
    stdout.write(toYaml(rows));
  } else {
    stdout.write(
      rows.map(({ name, summary, codes }) => `* ${name}:\n    ${summary} [${codes.join(', ')}]\n`).join(''),
    );
  }
  return 0;
}
