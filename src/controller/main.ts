/** The controller as a program: settings, signals, exit code. */

import { errorText, MeshError } from '../base/mesh-error.ts';
import { translate } from '../xds/translate.ts';
import { Controller } from './controller.ts';
import { Log } from '../base/log.ts';
import { readSettings, settingsFileIn, settingsHelp } from './settings.ts';

/** Codes of errors in how the program was called. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'BadUsage',
  'BadSetting',
  'MissingSetting',
  'NotAvailable',
]);

/** Runs until a signal ends it. The exit code: 0 after a signal, 1 when it cannot serve, 2 for bad usage. */
export async function start(argv: readonly string[]): Promise<void> {
  try {
    const { file, names } = settingsFileIn(argv, process.env);
    const fromFile =
      file === undefined
        ? {}
        : await import('./settings-file.ts').then(({ readSettingsFile }) => readSettingsFile(file, names));
    const settings = readSettings(argv, process.env, fromFile);
    if (settings === 'help') {
      process.stdout.write(settingsHelp());
      return;
    }
    const log = new Log(settings.logLevel, (line) => void process.stderr.write(line));
    const controller = new Controller(settings, log, translate);
    await controller.start();
    const signal = await nextSignal();
    log.info('the controller drains', { signal });
    await controller.stop();
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    process.stderr.write(errorText(error));
    process.exitCode = USAGE_CODES.has(error.code) ? 2 : 1;
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
