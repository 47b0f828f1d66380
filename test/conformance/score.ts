/** Prints how well `validate` answers the conformance cases: `node test/conformance/score.ts [kind or part of an id]`. */

import { answer, formatMiss, hasCases, misses, readCases } from './cases.ts';

const [filter, ...flags] = process.argv.slice(2).filter((argument) => argument !== '-v');
const isVerbose = process.argv.includes('-v');
if (!hasCases() || flags.length > 0) {
  process.stderr.write(
    'usage: node test/conformance/score.ts [kind or part of an id] [-v]; the cases must be there\n',
  );
  process.exit(2);
}
const all = readCases();
const byKind = all.filter((one) => one.kind.toLowerCase() === filter?.toLowerCase());
const chosen =
  filter === undefined ? all : byKind.length > 0 ? byKind : all.filter((one) => one.id.includes(filter));
const answers = [];
for (const one of chosen) answers.push(await answer(one));
const { verdicts, warnings } = misses(answers);
if (isVerbose) for (const one of answers) process.stdout.write(`${formatMiss(one)}\n`);
if (verdicts.length > 0) process.stdout.write(`WRONG VERDICTS\n${verdicts.map(formatMiss).join('\n')}\n\n`);
if (warnings.length > 0) process.stdout.write(`WRONG WARNINGS\n${warnings.map(formatMiss).join('\n')}\n\n`);
const withWarning = answers.filter((one) => one.case.warning !== undefined).length;
process.stdout.write(
  `verdicts: ${answers.length - verdicts.length} of ${answers.length} right; ` +
    `warnings: ${withWarning - warnings.length} of ${withWarning} right\n`,
);
