/** Rules on Go text templates: that the actions in them are closed and not empty. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

const OPENERS = new Set(['if', 'range', 'with', 'block', 'define']);

/** Reports the first fault. What an action says is not checked. https://pkg.go.dev/text/template */
export function checkTemplate(report: RuleReport, path: FieldPath, template: string | undefined): void {
  const problem = templateProblem(template ?? '');
  if (problem !== undefined) report.error(path, `the template does not parse: ${problem}`);
}

function templateProblem(template: string): string | undefined {
  let open = 0;
  let at = 0;
  for (;;) {
    const start = template.indexOf('{{', at);
    if (start < 0) return open > 0 ? 'a block has no {{end}}' : undefined;
    const end = actionEnd(template, start + 2);
    if (end === undefined) return `the action at character ${start + 1} has no "}}"`;
    const action = template
      .slice(start + 2, end)
      .replace(/^- /, '')
      .replace(/ -$/, '')
      .trim();
    at = end + 2;
    if (action.startsWith('/*')) continue;
    if (action === '') return `the action at character ${start + 1} is empty`;
    const word = /^[a-z]+/.exec(action)?.[0] ?? '';
    if (OPENERS.has(word)) open += 1;
    if (word === 'end' && --open < 0) return `the {{end}} at character ${start + 1} ends nothing`;
  }
}

/** Where the action's `}}` stands; braces in texts do not count. */
function actionEnd(template: string, from: number): number | undefined {
  let quote: string | undefined;
  for (let at = from; at < template.length; at++) {
    const character = template[at];
    if (quote === undefined) {
      if (character === '}' && template[at + 1] === '}') return at;
      if (character === '"' || character === '`') quote = character;
    } else if (character === '\\' && quote === '"') at++;
    else if (character === quote) quote = undefined;
  }
  return undefined;
}
