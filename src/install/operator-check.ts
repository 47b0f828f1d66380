/** Settings of an installation against their schema. */

import { findKind } from '../api/kinds.ts';
import type { Finding } from '../config/finding.ts';
import type { MeshObject } from '../config/object.ts';
import { validate } from '../config/validate.ts';
import type { Tree } from './setting-path.ts';

export const OPERATOR_KEY = 'install.istio.io/IstioOperator';

/** What there is to say of settings that stand in no file, or of those that came of several. */
export async function checkSpec(spec: Tree): Promise<readonly Finding[]> {
  const object: MeshObject = {
    key: OPERATOR_KEY,
    apiVersion: 'install.istio.io/v1alpha1',
    group: 'install.istio.io',
    version: 'v1alpha1',
    kind: 'IstioOperator',
    meta: { name: '', namespace: undefined, labels: {}, annotations: {} },
    value: { apiVersion: 'install.istio.io/v1alpha1', kind: 'IstioOperator', spec },
    info: findKind(OPERATOR_KEY),
    source: { file: '', line: 1, locate: () => ({ line: 1, column: 1 }) },
  };
  const checked = await validate([object], { referential: false });
  return checked.flatMap(({ findings }) => findings);
}

/** A message and its hint on one line. */
export function sentence(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
