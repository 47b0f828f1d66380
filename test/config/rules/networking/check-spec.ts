/** Runs everything that `validate` does on one object of networking.istio.io, given by its spec. */

import { formatFieldPath } from '../../../../src/base/field-path.ts';
import { findKind } from '../../../../src/api/kinds.ts';
import { validate } from '../../../../src/config/validate.ts';
import type { Finding } from '../../../../src/config/finding.ts';

export interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All findings on the object. `version` is the storage version where not given. */
export async function findingsOn(kind: string, spec: unknown, meta: Meta = {}): Promise<readonly Finding[]> {
  const info = findKind(`networking.istio.io/${kind}`);
  const version = info?.versions.find((one) => one.storage)?.name ?? '';
  const apiVersion = `networking.istio.io/${version}`;
  const metadata = { name: 'test', namespace: 'ns', ...meta };
  const results = await validate(
    [
      {
        key: `networking.istio.io/${kind}`,
        apiVersion,
        group: 'networking.istio.io',
        version,
        kind,
        meta: { labels: {}, annotations: {}, ...metadata },
        // As a file would give it: fields that are undefined are not there.
        value: JSON.parse(JSON.stringify({ apiVersion, kind, metadata, spec })),
        info,
        source: { file: 'test.yaml', line: 1, locate: () => ({ line: 1, column: 1 }) },
      },
    ],
    { referential: false },
  );
  return results.flatMap(({ findings }) => findings);
}

/** The findings as `Error spec.field`, sorted; a place that two findings are about stands there twice. */
export async function placesOn(kind: string, spec: unknown, meta?: Meta): Promise<readonly string[]> {
  const findings = await findingsOn(kind, spec, meta);
  return findings.map(({ level, path }) => `${level} ${formatFieldPath(path)}`).toSorted();
}
