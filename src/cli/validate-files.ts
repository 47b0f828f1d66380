/** What `mesh validate` does with files: read, check, report. */

import { validate } from '../config/validate.ts';
import type { ValidateInvocation } from './commands/validate.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { loadInput } from './load-input.ts';
import { formatReport } from './output/report-format.ts';
import { checkFinding, inFileOrder, problemFinding } from './report-findings.ts';
import { summaryLine } from './summary.ts';
import { packageVersion } from '../base/package-version.ts';

/** Checks what the paths name. Returns the exit code, the same for every output format. */
export async function validateFiles(
  paths: readonly string[],
  { flags }: ValidateInvocation,
  context: Context,
): Promise<number> {
  const loaded = await loadInput(
    paths,
    { strictFiles: flags['strict-files'], knownExtensionsOnly: false },
    context,
  );
  const checked = await validate(loaded.objects, {
    strict: flags.strict,
    referential: flags.referential,
    defaultNamespace: flags.namespace,
    rootNamespace: flags.istioNamespace,
  });
  const findings = inFileOrder(loaded.files, [
    ...loaded.problems.map(problemFinding),
    ...checked.flatMap(({ object, findings: own }) => own.map((finding) => checkFinding(object, finding))),
  ]);
  const report = {
    command: 'validate',
    version: packageVersion(),
    files: loaded.files,
    base: context.cwd,
    findings,
  } as const;
  context.stdout.write(await formatReport(report, flags.output, context));
  if (loaded.skipped > 0 && !flags['strict-files']) {
    const documents = loaded.skipped === 1 ? 'document is' : 'documents are';
    context.stderr.write(`Note: ${loaded.skipped} ${documents} no Kubernetes object, and not checked.\n`);
  }
  if (flags.output === 'log' && (findings.length > 0 || loaded.files.length > 1)) {
    const scope = [[loaded.files.length, 'file'] as const, [loaded.objects.length, 'object'] as const];
    context.stderr.write(summaryLine(findings, scope));
  }
  return findings.some(({ level }) => level === 'Error') ? EXIT.failed : EXIT.ok;
}
