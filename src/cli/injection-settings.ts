/** How sidecars are made: from files that flags name, from ConfigMaps of the input, and from those of a cluster. */

import { MeshError } from '../base/mesh-error.ts';
import { packageVersion } from '../base/package-version.ts';
import { printable } from '../base/printable.ts';
import type { InjectSettings } from '../inject/settings.ts';
import { asMap, injectSettings } from '../inject/sources.ts';
import { readDocuments } from '../inject/stream.ts';
import { getKey, isMap } from '../inject/yaml/value.ts';
import type { Json, JsonMap } from '../inject/yaml/value.ts';
import type { ClusterFlags } from './cluster.ts';
import type { Context } from './context.ts';
import { readTextFile } from './rewrite-files.ts';
import type { InputText } from './rewrite-files.ts';

/** Flags that say how; files win over ConfigMaps. */
export interface InjectionFlags extends ClusterFlags {
  readonly istioNamespace: string;
  readonly injectConfigFile: string | undefined;
  readonly injectConfigMapName: string | undefined;
  readonly meshConfigFile: string | undefined;
  readonly meshConfigMapName: string | undefined;
  readonly valuesFile: string | undefined;
  readonly operatorFileName: string | undefined;
  readonly revision: string | undefined;
  readonly 'native-sidecar': boolean;
  /** Whether the cluster's ConfigMaps are read. */
  readonly 'use-kube': boolean;
}

/** Throws a `MeshError` for what cannot be read or found. `inputs` are looked through for ConfigMaps. */
export async function injectionSettings(
  flags: InjectionFlags,
  given: ReadonlySet<string>,
  inputs: readonly InputText[],
  context: Context,
): Promise<InjectSettings> {
  const injection = await injectionMap(flags, inputs, context);
  const values: JsonMap[] = [];
  if (flags.valuesFile !== undefined) {
    const file = onlyDocument(flags.valuesFile, context);
    const inside = embedded(file, 'values', flags.valuesFile);
    if (inside === undefined) refuseObject(file, flags.valuesFile);
    values.push(asMap(inside ?? file, flags.valuesFile));
  } else if (injection?.values !== undefined) values.push(injection.values);

  const operator =
    flags.operatorFileName === undefined ? {} : operatorSettings(flags.operatorFileName, context);
  if (operator.values !== undefined) values.push(operator.values);
  const mesh = { ...(await meshOf(flags, inputs, context)), ...operator.mesh };
  const { namespace, istioNamespace } = flags;
  return injectSettings({
    version: packageVersion(),
    values,
    mesh,
    ...(injection === undefined ? {} : { config: { value: injection.config, where: injection.where } }),
    ...(flags.revision === undefined ? {} : { revision: flags.revision }),
    ...(given.has('istioNamespace') ? { istioNamespace } : {}),
    ...(given.has('native-sidecar') ? { nativeSidecar: flags['native-sidecar'] } : {}),
    ...(namespace === undefined ? {} : { defaultNamespace: namespace }),
  });
}

/** The injection configuration, and the values that stand beside it in a ConfigMap. */
async function injectionMap(
  flags: InjectionFlags,
  inputs: readonly InputText[],
  context: Context,
): Promise<{ config: Json; values?: JsonMap; where: string } | undefined> {
  const { injectConfigFile } = flags;
  const injectConfigMapName =
    flags.injectConfigMapName ?? (flags['use-kube'] ? 'istio-sidecar-injector' : undefined);
  if (injectConfigFile !== undefined) {
    const value = onlyDocument(injectConfigFile, context);
    const inside = embedded(value, 'config', injectConfigFile);
    const values = embedded(value, 'values', injectConfigFile);
    return {
      config: inside ?? value,
      ...(values === undefined ? {} : { values: asMap(values, injectConfigFile) }),
      where: injectConfigFile,
    };
  }
  if (injectConfigMapName === undefined) return undefined;
  const map = await configMap(injectConfigMapName, flags, inputs, 'injectConfigFile', context);
  const config = embedded(map, 'config', injectConfigMapName);
  if (config === undefined) throw missingKey('config', injectConfigMapName);
  const values = embedded(map, 'values', injectConfigMapName);
  return {
    config,
    ...(values === undefined ? {} : { values: asMap(values, injectConfigMapName) }),
    where: `ConfigMap ${injectConfigMapName}`,
  };
}

async function meshOf(
  flags: InjectionFlags,
  inputs: readonly InputText[],
  context: Context,
): Promise<JsonMap> {
  const { meshConfigFile } = flags;
  const meshConfigMapName = flags.meshConfigMapName ?? (flags['use-kube'] ? 'istio' : undefined);
  if (meshConfigFile !== undefined) {
    const { readMeshConfig } = await import('./mesh-config-file.ts');
    return JSON.parse(JSON.stringify(await readMeshConfig(meshConfigFile, context))) as JsonMap;
  }
  if (meshConfigMapName === undefined) return {};
  const mesh = embedded(
    await configMap(meshConfigMapName, flags, inputs, 'meshConfigFile', context),
    'mesh',
    meshConfigMapName,
  );
  if (mesh === undefined) throw missingKey('mesh', meshConfigMapName);
  return asMap(mesh, `ConfigMap ${meshConfigMapName}`);
}

function operatorSettings(file: string, context: Context): { values?: JsonMap; mesh?: JsonMap } {
  const document = onlyDocument(file, context);
  const spec = getKey(document, 'spec');
  if (!isMap(document) || document.kind !== 'IstioOperator' || !isMap(spec)) {
    throw new MeshError('BadInput', '--operatorFileName needs an IstioOperator with a spec', {
      where: { file },
    });
  }
  const { values, meshConfig, hub, tag, revision } = spec;
  const base = isMap(values) ? values : {};
  const global = isMap(base.global) ? base.global : {};
  return {
    values: {
      ...base,
      global: { ...(hub === undefined ? {} : { hub }), ...(tag === undefined ? {} : { tag }), ...global },
      ...(revision === undefined ? {} : { revision }),
    },
    ...(isMap(meshConfig) ? { mesh: meshConfig } : {}),
  };
}

/** Refuses a Kubernetes object where values are wanted: none of its fields would be read as one. */
function refuseObject(file: Json, name: string): void {
  const kind = getKey(file, 'kind');
  if (typeof kind !== 'string' || typeof getKey(file, 'apiVersion') !== 'string') return;
  throw new MeshError('BadInput', `holds an object of kind ${printable(kind)}, not values`, {
    hint:
      kind === 'IstioOperator'
        ? 'Name it with --operatorFileName.'
        : 'Name a file of values, or the ConfigMap of the injector, which has them under its key values.',
    where: { file: name },
  });
}

/** A file of settings: its only document, as a value. */
function onlyDocument(file: string, context: Context): Json {
  const documents = readDocuments(readTextFile(file, context).text, file);
  if (documents.length > 1) {
    throw new MeshError('BadInput', 'has several documents, but only one can be meant', { where: { file } });
  }
  return documents[0] ?? {};
}

/** What a key of a ConfigMap holds, as a value; undefined for other documents, and where there is no such key. */
function embedded(document: Json, key: string, where: string): Json | undefined {
  if (getKey(document, 'kind') !== 'ConfigMap') return undefined;
  const text = getKey(getKey(document, 'data'), key);
  return typeof text === 'string' ? (readDocuments(text, `${where}, key ${key}`)[0] ?? {}) : undefined;
}

/** The ConfigMap among the documents of the input, or else in the cluster. */
async function configMap(
  name: string,
  flags: InjectionFlags,
  inputs: readonly InputText[],
  flag: string,
  context: Context,
): Promise<Json> {
  const { revision } = flags;
  const names = [...(revision === undefined || revision === '' ? [] : [`${name}-${revision}`]), name];
  const maps = inputs.flatMap(({ text, file }) =>
    readDocuments(text, file).filter((value) => getKey(value, 'kind') === 'ConfigMap'),
  );
  for (const wanted of names) {
    const found = maps.find((map) => getKey(getKey(map, 'metadata'), 'name') === wanted);
    if (found !== undefined && !flags['use-kube']) return found;
  }
  const { clusterConfigMap } = await import('./cluster-config-map.ts');
  const found = await clusterConfigMap(names, flags, context);
  if (typeof found === 'object') return found as JsonMap;
  const place = found === 'no cluster' ? 'and there is no cluster to ask' : 'nor does the cluster';
  throw new MeshError(
    'NotFound',
    `none of the files given holds the ConfigMap ${names.join(' or ')}, ${place}`,
    {
      hint: `Save it with "kubectl get configmap ${name} -n ${flags.istioNamespace} -o yaml", and name that file with --${flag}.`,
    },
  );
}

function missingKey(key: string, name: string): MeshError {
  return new MeshError('BadInput', `missing configuration map key "${key}" in "${name}"`);
}
