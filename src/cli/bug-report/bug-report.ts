/** `mesh bug-report` from end to end. */

import { join, resolve } from 'node:path';
import { packageVersion } from '../../base/package-version.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { inParallel } from '../../base/parallel.ts';
import { openCluster, timeoutSignal } from '../cluster.ts';
import type { BugReportInvocation } from '../commands/bug-report.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { Progress } from '../progress.ts';
import { planReport } from './plan.ts';
import type { ReportItem } from './reading.ts';
import { Redactor } from './redactor.ts';
import { ReportFolder } from './report-folder.ts';
import { Selection } from './selection.ts';

type Flags = BugReportInvocation['flags'];

const FILE = 'bug-report.tar.gz';
const MIB = 1024 * 1024;
/** Rights that are named on standard error; the manifest has all. */
const MAX_NOTES = 5;

/** Gathers and writes the report. Returns the exit code. */
export async function bugReport({ flags }: BugReportInvocation, context: Context): Promise<number> {
  check(flags);
  const selection = new Selection(flags.include, flags.exclude);
  const cluster = await openCluster(flags, context);
  const stopping = context.interrupted();
  const signal = AbortSignal.any([stopping, timeoutSignal(flags.timeout)]);
  const redactor = new Redactor();
  const istioNamespace = flags['istio-namespace'] ?? flags.istioNamespace;
  const folder = await ReportFolder.make(flags.dir, flags['max-size'] * MIB);
  try {
    const reading = { cluster, selection, redactor, signal, istioNamespace, flags, now: context.now() };
    const items = await planReport(reading, folder);
    if (flags['dry-run']) {
      for (const { path } of items) context.stdout.write(`${path}\n`);
      for (const { what, why } of folder.missing) context.stderr.write(`Note: ${what} is missing: ${why}\n`);
      return EXIT.ok;
    }
    await gather(items, folder, { flags, signal, redactor, context });
    if (stopping.aborted)
      throw new MeshError('Interrupted', 'the report was not finished, and none was written');
    await writeManifest(folder, flags, context);
    const file = join(flags['output-dir'], FILE);
    await folder.pack(resolve(context.cwd, file));
    context.stdout.write(`${file}\n`);
    const missing =
      folder.missing.length === 0 ? '' : `, ${folder.missing.length} things are missing (see manifest.json)`;
    context.stderr.write(`${folder.entries.length} files were gathered${missing}\n`);
    writeRights(folder, context);
    return EXIT.ok;
  } finally {
    await folder.remove();
  }
}

/** Which rights would have given more: with them the next report is complete. */
function writeRights({ missing }: ReportFolder, { stderr }: Pick<Context, 'stderr'>): void {
  const lacking = [...new Set(missing.map(({ why }) => why))].filter((why) => why.startsWith('no right to '));
  for (const why of lacking.slice(0, MAX_NOTES)) stderr.write(`Note: ${why}\n`);
  const more = lacking.length - MAX_NOTES;
  if (more > 0)
    stderr.write(`Note: ${more} more rights are missing; docs/roles.md has all of them as roles\n`);
}

function check(flags: Flags): void {
  if (flags['full-secrets']) {
    throw new MeshError('BadFlagValue', '--full-secrets is not available: a report never includes secrets');
  }
  for (const name of ['max-size', 'max-proxies', 'rq-concurrency'] as const) {
    if (flags[name] < 1)
      throw new MeshError('BadFlagValue', `--${name} is ${flags[name]}, but must be 1 or more`);
  }
  if (flags['start-time'] !== undefined && flags.duration !== undefined) {
    throw new MeshError('BadFlagValue', '--start-time cannot be combined with --duration');
  }
  const since = flags['start-time'];
  if (since !== undefined && Number.isNaN(Date.parse(since))) {
    throw new MeshError(
      'BadFlagValue',
      `--start-time is "${since}", but must be a time such as 2026-01-02T15:04:05Z`,
    );
  }
}

interface Gathering {
  readonly flags: Flags;
  readonly signal: AbortSignal;
  readonly redactor: Redactor;
  readonly context: Context;
}

/** What cannot be read is listed as missing; the rest goes on. */
async function gather(
  items: readonly ReportItem[],
  folder: ReportFolder,
  gathering: Gathering,
): Promise<void> {
  const { flags, signal, redactor, context } = gathering;
  const progress = new Progress(context);
  let done = 0;
  await inParallel(items, flags['rq-concurrency'], async ({ path, read }) => {
    progress.step(() => `Gathering ${done} of ${items.length}: ${path}`);
    done++;
    if (signal.aborted) return folder.lacks(path, 'there was no time left (--timeout)');
    try {
      const { text, isCut = false } = await read();
      await folder.add(path, text, isCut);
    } catch (error) {
      if (signal.aborted) folder.lacks(path, 'there was no time left (--timeout)');
      else if (error instanceof MeshError && error.code !== 'CannotWrite') {
        const hint = error.hint === undefined ? '' : `. ${error.hint}`;
        folder.lacks(path, redactor.text(`${error.message}${hint}`));
      } else throw error;
    }
  });
  progress.end();
}

async function writeManifest(folder: ReportFolder, flags: Flags, context: Context): Promise<void> {
  const manifest = {
    created: new Date(context.now()).toISOString(),
    mesh: packageVersion(),
    include: flags.include,
    exclude: flags.exclude,
    files: folder.entries.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    missing: folder.missing.toSorted((one, other) => (one.what < other.what ? -1 : 1)),
  };
  await folder.add('manifest.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
}
