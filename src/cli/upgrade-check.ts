/** What `mesh upgrade-check` does: all findings that say that something is given up, and no others. */

import { analyzeObjects } from '../analysis/analyze.ts';
import { ANALYZERS } from '../analysis/generated/analyzers.ts';
import { KINDS } from '../api/kinds.ts';
import type { CheckName } from '../config/finding.ts';
import type { MeshObject } from '../config/object.ts';
import { validate } from '../config/validate.ts';
import { readKinds } from '../kube/read-kinds.ts';
import { meshSettings } from '../model/mesh-settings.ts';
import { packageVersion } from '../base/package-version.ts';
import { openCluster, timeoutSignal } from './cluster.ts';
import type { UpgradeCheckInvocation } from './commands/upgrade-check.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { loadInput } from './load-input.ts';
import { formatReport } from './output/report-format.ts';
import { checkFinding, messageFinding, problemFinding } from './report-findings.ts';
import { summaryLine } from './summary.ts';

/** Checks of objects by themselves. */
const GIVEN_UP: ReadonlySet<CheckName> = new Set([
  'DeprecatedField',
  'DeprecatedVersion',
  'UnknownField',
  'UnknownKind',
  'UnknownVersion',
]);

/** Messages of analyzers: deprecated things, and annotations of features that were given up. */
const CODES: ReadonlySet<string> = new Set(['IST0002', 'IST0135']);

/** Returns the exit code. Throws a `MeshError` when the cluster cannot be asked. */
export async function upgradeCheck(
  { args, flags }: UpgradeCheckInvocation,
  context: Context,
): Promise<number> {
  const paths = [...flags.filename, ...args];
  const loaded =
    paths.length === 0
      ? undefined
      : await loadInput(paths, { strictFiles: false, knownExtensionsOnly: true }, context);
  const objects = loaded?.objects ?? (await clusterObjects(flags, context));
  const checked = await validate(objects, {
    referential: false,
    defaultNamespace: flags.namespace,
    rootNamespace: flags.istioNamespace,
  });
  const own = checked.flatMap(({ object, findings }) =>
    findings.filter(({ check }) => GIVEN_UP.has(check)).map((finding) => checkFinding(object, finding)),
  );
  const findingsOf = new Map(checked.map(({ object, findings }) => [object, findings]));
  const { messages } = analyzeObjects(
    objects.map((object) => {
      const findings = findingsOf.get(object) ?? [];
      return { object, findings, wellTyped: !findings.some(({ check }) => check === 'WrongType') };
    }),
    {
      analyzers: ANALYZERS.filter((one) => one.messages.some(({ code }) => CODES.has(code))),
      mesh: meshSettings(undefined, { istioNamespace: flags.istioNamespace }),
      now: context.now(),
      defaultNamespace: flags.namespace,
      only: CODES,
      withValidation: false,
    },
  );
  const findings = [...(loaded?.problems ?? []).map(problemFinding), ...own, ...messages.map(messageFinding)];
  const report = {
    command: 'upgrade-check',
    version: packageVersion(),
    files: loaded?.files ?? [],
    base: context.cwd,
    findings,
  } as const;
  context.stdout.write(await formatReport(report, flags.output, context));
  if (flags.output === 'log') context.stderr.write(summaryLine(findings, [[objects.length, 'object']]));
  return findings.length === 0 ? EXIT.ok : EXIT.failed;
}

async function clusterObjects(
  flags: UpgradeCheckInvocation['flags'],
  context: Context,
): Promise<readonly MeshObject[]> {
  const { client } = await openCluster(flags, context);
  const wanted = KINDS.filter(({ external, scope }) => !external && scope !== 'File').map((info) => ({
    info,
  }));
  const { objects, notes } = await readKinds(client, wanted, timeoutSignal(flags.timeout));
  for (const note of notes) context.stderr.write(`Note: ${note}\n`);
  return objects;
}
