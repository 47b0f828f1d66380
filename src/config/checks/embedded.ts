/**
 * What stands inside an object and has a kind of its own: mesh settings in ConfigMaps and IstioOperators,
 * parameters in handlers and instances of Mixer. It is read as the document that it is, and checked in place.
 */

import type { KindKey } from '../../api/kind-info.ts';
import type { FieldPath } from '../../base/field-path.ts';
import type { Finding } from '../finding.ts';
import type { MeshObject } from '../object.ts';
import { parseValue } from '../parse/value.ts';
import { embeddedParts } from '../rules/mixer/embedded.ts';

/** A ConfigMap's entry and the kind of its text. */
interface Entry {
  readonly name: RegExp;
  readonly field: string;
  readonly key: KindKey;
}

/** Names may end in `-REVISION`. https://istio.io/latest/docs/setup/upgrade/canary/ */
const ENTRIES: readonly Entry[] = [
  { name: /^istio(?:-|$)/, field: 'mesh', key: 'mesh.istio.io/MeshConfig' },
  { name: /^istio(?:-|$)/, field: 'meshNetworks', key: 'mesh.istio.io/MeshNetworks' },
  { name: /^istio-sidecar-injector(?:-|$)/, field: 'values', key: 'mesh.istio.io/InjectorValues' },
];

export type Embedded =
  | {
      readonly key: KindKey;
      readonly path: FieldPath;
      readonly value: Record<string, unknown>;
      /** The field of `value` that stands for `path`; all of `value` does when absent. */
      readonly wrapper?: string;
    }
  | { readonly finding: Finding };

/** The kinds that stand inside the object. */
export function embeddedKinds(object: MeshObject): readonly KindKey[] {
  return [
    ...entriesOf(object).map(({ entry }) => entry.key),
    ...embeddedParts(object).map(({ key }) => key),
    ...settingsOf(object).map(({ key }) => key),
  ];
}

/** The documents inside the object, and what keeps one from being read. */
export function embeddedFindings(object: MeshObject): readonly Embedded[] {
  return [
    ...entriesOf(object).flatMap(({ entry, text }) => read(entry, text)),
    ...embeddedParts(object),
    ...settingsOf(object),
  ];
}

/** Settings of the mesh among those of an installation, where today's and older files have them. */
const SETTINGS: readonly {
  readonly path: readonly string[];
  readonly key: KindKey;
  readonly wrapper?: string;
}[] = [
  { path: ['spec', 'meshConfig'], key: 'mesh.istio.io/MeshConfig' },
  { path: ['spec', 'values', 'meshConfig'], key: 'mesh.istio.io/MeshConfig' },
  {
    path: ['spec', 'values', 'global', 'meshNetworks'],
    key: 'mesh.istio.io/MeshNetworks',
    wrapper: 'networks',
  },
];

function settingsOf(object: MeshObject): readonly Exclude<Embedded, { finding: Finding }>[] {
  if (object.key !== 'install.istio.io/IstioOperator') return [];
  return SETTINGS.flatMap(({ path, key, wrapper }) => {
    let value: unknown = object.value;
    for (const part of path) value = isMap(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    if (!isMap(value)) return [];
    return [
      wrapper === undefined ? { key, path, value } : { key, path, value: { [wrapper]: value }, wrapper },
    ];
  });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(object: MeshObject): readonly { entry: Entry; text: string }[] {
  if (object.key !== 'core/ConfigMap') return [];
  const data = object.value['data'];
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return [];
  return ENTRIES.flatMap((entry) => {
    const text: unknown = Object.hasOwn(data, entry.field) ? Reflect.get(data, entry.field) : undefined;
    return entry.name.test(object.meta.name) && typeof text === 'string' && text.trim() !== ''
      ? [{ entry, text }]
      : [];
  });
}

function read(entry: Entry, text: string): readonly Embedded[] {
  const path = ['data', entry.field];
  const { value, faults } = parseValue(text);
  const findings = faults.map((fault): Embedded => ({
    finding: {
      check: 'Syntax',
      level: 'Error',
      path,
      message: `line ${fault.line} of the text: ${fault.message}`,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    },
  }));
  if (value === undefined || value === null) return findings;
  if (typeof value !== 'object' || Array.isArray(value)) {
    return [
      ...findings,
      { finding: { check: 'WrongType', level: 'Error', path, message: 'the text must hold a map' } },
    ];
  }
  return [...findings, { key: entry.key, path, value: value as Record<string, unknown> }];
}
