/** The version of this package. */

import { readFileSync } from 'node:fs';

/** Put in by the bundler, so that the command need not read a file. */
declare const LATEEN_VERSION: string | undefined;

export function packageVersion(): string {
  if (typeof LATEEN_VERSION === 'string') return LATEEN_VERSION;
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
