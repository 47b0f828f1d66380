/** Shows what an installation will change, before it does. */

import type { Context } from '../context.ts';
import { formatComparison } from '../output/comparison.ts';
import { paintLine } from '../output/paint-line.ts';
import { count } from '../summary.ts';
import type { Plan } from './plan.ts';

/** New objects of a kind from which on they are counted and not listed. */
const MANY = 8;

/** On standard output: a document for a program, or one line an object and field, and a summary. */
export async function writePlan(
  plan: Plan,
  { output }: { readonly output: 'text' | 'json' | 'yaml' },
  context: Context,
): Promise<void> {
  const { stdout } = context;
  if (output === 'json') {
    stdout.write(`${JSON.stringify(plan.differences, undefined, 2)}\n`);
    return;
  }
  if (output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    stdout.write(toYaml(plan.differences));
    return;
  }
  const paint = await paintLine(context);
  const added = Map.groupBy(
    plan.differences.filter(({ change }) => change === 'added'),
    ({ kind }) => kind,
  );
  const many = new Set([...added].flatMap(([kind, list]) => (list.length > MANY ? [kind] : [])));
  for (const kind of many) {
    const line = `+ ${added.get(kind)?.length ?? 0} objects of kind ${kind}`;
    stdout.write(`${paint?.('+', line) ?? line}\n`);
  }
  const rest = plan.differences.filter(({ change, kind }) => change !== 'added' || !many.has(kind));
  stdout.write(formatComparison(rest, paint));
  const of = (word: string): number => plan.differences.filter(({ change }) => change === word).length;
  const taken = plan.apply.length - of('added') - of('changed');
  stdout.write(
    `${count(of('added'), 'object')} to create, ${of('changed')} to change, ${plan.remove.length} to delete, ` +
      `${plan.same} as wanted${taken > 0 ? `, ${taken} to take over from others as they are` : ''}.\n`,
  );
}
