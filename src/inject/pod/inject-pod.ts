/** The heart of injection: a pod template and settings to the template with its sidecar. Pure values, no text. */

import { itemKey } from '../item-key.ts';
import { MeshError } from '../../base/mesh-error.ts';
import type { InjectSettings } from '../settings.ts';
import { getKey, isMap } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { checkAnnotations } from './annotations.ts';
import { TemplateContext, env } from './context.ts';
import { renderCustomTemplate } from './custom-template.ts';
import { complete, mergePatch } from './merge.ts';
import { CORE_DUMP, INIT, PROXY, VALIDATION, containerName, readPod } from './pod.ts';
import type { Owner } from './pod.ts';
import { PROBERS_ENV, rewriteProbes, rewrittenProbe } from './probes.ts';
import type { ProbeRewrite } from './probes.ts';
import { SCRAPE_ENV, mergeScraping } from './prometheus.ts';
import type { ScrapeMerge } from './prometheus.ts';
import { BUILTIN_TEMPLATES } from './templates.ts';

export const STATUS = 'sidecar.istio.io/status';

/** What an injection added, by names. The fields that Istio's injector writes. */
export interface InjectionStatus {
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly imagePullSecrets: readonly string[];
  readonly revision: string;
}

export interface InjectedPod {
  /** The template with everything but the annotation `sidecar.istio.io/status`. */
  readonly template: JsonMap;
  readonly status: InjectionStatus;
}

/** Throws a MeshError for wrong annotations and unknown templates. The template must not carry an injection. */
export function injectPod(template: JsonMap, owner: Owner, settings: InjectSettings): InjectedPod {
  const pod = readPod(template, owner);
  checkAnnotations(pod.annotations);
  const context = new TemplateContext(pod, settings);
  const patch = renderTemplates(context);
  const spec = isMap(patch.spec) ? patch.spec : {};

  const scrape = mergeScraping(context);
  const metadata = metadataOf(template, patch, settings, scrape);
  const annotated = readPod({ ...template, metadata }, owner);
  const probing = hasProxy(spec)
    ? rewriteProbes(new TemplateContext(annotated, settings))
    : { rewrites: [], probers: {} };
  const told = [
    ...(Object.keys(probing.probers).length === 0 ? [] : [env(PROBERS_ENV, JSON.stringify(probing.probers))]),
    ...(scrape?.env === undefined ? [] : [env(SCRAPE_ENV, scrape.env)]),
  ];
  const full = withProxyEnv(spec, told);
  const merged = mergeSpec(pod.spec, full, probing.rewrites, context);
  return {
    template: { ...template, metadata, spec: merged },
    status: statusOf(full, pod.spec, settings.revision),
  };
}

function renderTemplates(context: TemplateContext): JsonMap {
  const { config } = context.settings;
  const asked = context.pod.annotations['inject.istio.io/templates'];
  const names = (
    asked === undefined ? config.defaultTemplates : asked.split(',').map((name) => name.trim())
  ).flatMap((name) => (Object.hasOwn(config.aliases, name) ? (config.aliases[name] ?? []) : [name]));
  let patch: JsonMap = {};
  for (const name of new Set(names)) {
    const source = Object.hasOwn(config.templates, name) ? config.templates[name] : undefined;
    if (source === undefined) {
      throw new MeshError('UnknownTemplate', `there is no injection template "${name}"`, {
        hint: `Templates are ${Object.keys(config.templates).join(', ')}. The annotation inject.istio.io/templates names those of a pod.`,
      });
    }
    const builtin = 'builtin' in source ? BUILTIN_TEMPLATES[source.builtin] : undefined;
    const rendered =
      'custom' in source ? renderCustomTemplate(source.custom, context) : (builtin?.(context) ?? {});
    patch = mergePatch(patch, rendered);
  }
  return proxyInOnePlace(patch);
}

/** Where the proxy is an init container, what other templates say of it among the containers is meant for it. */
function proxyInOnePlace(patch: JsonMap): JsonMap {
  const { spec } = patch;
  if (!isMap(spec)) return patch;
  const isProxy = (one: JsonMap): boolean => containerName(one) === PROXY;
  const [containers, init] = [listOf(spec.containers), listOf(spec.initContainers)];
  const told = containers.find(isProxy);
  if (told === undefined || !init.some(isProxy)) return patch;
  const rest = containers.filter((one) => !isProxy(one));
  const { containers: _containers, ...others } = spec;
  const initContainers = init.map((one) => (isProxy(one) ? mergePatch(one, told) : one));
  return {
    ...patch,
    spec: { ...others, ...(rest.length === 0 ? {} : { containers: rest }), initContainers },
  };
}

function hasProxy(spec: JsonMap): boolean {
  return [...listOf(spec.containers), ...listOf(spec.initContainers)].some(
    (one) => containerName(one) === PROXY,
  );
}

/** Metadata with the labels and annotations of the template. */
function metadataOf(
  template: JsonMap,
  patch: JsonMap,
  settings: InjectSettings,
  scrape: ScrapeMerge | undefined,
): JsonMap {
  const own = isMap(template.metadata) ? template.metadata : {};
  const added = isMap(patch.metadata) ? patch.metadata : {};
  const annotations = mergePatch(isMap(own.annotations) ? own.annotations : {}, {
    ...(isMap(added.annotations) ? added.annotations : {}),
    ...settings.config.injectedAnnotations,
    ...scrape?.annotations,
  });
  for (const name of scrape?.remove ?? []) delete annotations[name];
  const labels = mergePatch(isMap(own.labels) ? own.labels : {}, isMap(added.labels) ? added.labels : {});
  return { ...mergePatch(own, { ...added, labels: {}, annotations: {} }), labels, annotations };
}

function withProxyEnv(spec: JsonMap, variables: readonly JsonMap[]): JsonMap {
  if (variables.length === 0) return spec;
  const result: JsonMap = { ...spec };
  for (const field of ['containers', 'initContainers']) {
    if (!Array.isArray(spec[field])) continue;
    result[field] = listOf(spec[field]).map((one) =>
      containerName(one) === PROXY ? { ...one, env: [...listOf(one.env), ...variables] } : one,
    );
  }
  return result;
}

function mergeSpec(
  own: JsonMap,
  patch: JsonMap,
  rewrites: readonly ProbeRewrite[],
  context: TemplateContext,
): JsonMap {
  const { containers: newContainers, initContainers: newInit, volumes, imagePullSecrets, ...rest } = patch;
  const containers = rewriteList(context.pod.containers, rewrites, 'containers');
  const initContainers = rewriteList(context.pod.initContainers, rewrites, 'initContainers');
  const added = listOf(newContainers);
  const addedInit = listOf(newInit);

  // A native sidecar is an init container; what the pod brings of it among its containers moves there.
  const native = addedInit.some((one) => containerName(one) === PROXY);
  const moved = native ? containers.find((one) => containerName(one) === PROXY) : undefined;
  const staying = moved === undefined ? containers : containers.filter((one) => one !== moved);
  const starting = moved === undefined ? initContainers : [moved, ...initContainers];

  const result: JsonMap = mergePatch(own, rest);
  result.containers = orderContainers(completeList(staying, added), context.hold);
  const init = orderInit(completeList(starting, addedInit), native, starting);
  if (init.length > 0) result.initContainers = init;
  for (const [field, list] of [
    ['volumes', volumes],
    ['imagePullSecrets', imagePullSecrets],
  ] as const) {
    const before = listOf(own[field]);
    const items = listOf(list).filter(
      (item) => !before.some((one) => itemKey(field, one) === itemKey(field, item)),
    );
    if (items.length > 0) result[field] = [...before, ...items];
  }
  return result;
}

/** Containers of the pod completed by those of the same name, and the others after them. */
function completeList(own: readonly JsonMap[], added: readonly JsonMap[]): JsonMap[] {
  const result = [...own];
  for (const container of added) {
    const index = result.findIndex((one) => containerName(one) === containerName(container));
    const before = result[index];
    if (before === undefined) result.push(container);
    // The image "auto" asks for the one of the template.
    else
      result[index] = complete(
        before.image === 'auto' ? { ...before, image: container.image ?? 'auto' } : before,
        container,
      );
  }
  return result;
}

function orderContainers(containers: JsonMap[], hold: boolean): JsonMap[] {
  const proxy = containers.find((one) => containerName(one) === PROXY);
  // Containers start in their order, each after the hooks of the one before.
  return hold && proxy !== undefined ? [proxy, ...containers.filter((one) => one !== proxy)] : containers;
}

/**
 * Capture comes last, so that it does not cut off init containers, whose traffic nobody would handle; with a
 * native sidecar, which does handle it, the mesh comes first. The check of a CNI plugin is always first.
 */
function orderInit(containers: JsonMap[], native: boolean, own: readonly JsonMap[]): JsonMap[] {
  const named = (name: string): JsonMap[] =>
    containers.filter((one) => containerName(one) === name && (native || !own.includes(one)));
  const mesh = native ? [INIT, VALIDATION, PROXY, CORE_DUMP] : [VALIDATION, INIT, CORE_DUMP];
  const others = containers.filter(
    (one) => !mesh.includes(containerName(one)) || (!native && own.includes(one)),
  );
  if (native) return [...mesh.flatMap(named), ...others];
  return [...named(VALIDATION), ...others, ...named(INIT), ...named(CORE_DUMP)];
}

function rewriteList(
  containers: readonly JsonMap[],
  rewrites: readonly ProbeRewrite[],
  list: ProbeRewrite['list'],
): JsonMap[] {
  return containers.map((container, index) =>
    rewrites
      .filter((rewrite) => rewrite.list === list && rewrite.index === index)
      .reduce((current, rewrite) => setAt(current, rewrite.path, rewrittenProbe(rewrite)), container),
  );
}

function setAt(map: JsonMap, path: readonly string[], value: Json): JsonMap {
  const [key = '', ...rest] = path;
  const child = getKey(map, key);
  return { ...map, [key]: rest.length === 0 ? value : setAt(isMap(child) ? child : {}, rest, value) };
}

function listOf(value: Json | undefined): JsonMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function statusOf(patch: JsonMap, own: JsonMap, revision: string): InjectionStatus {
  // What the pod had before is not ours to take out later.
  const names = (field: string): string[] =>
    listOf(patch[field])
      .filter((item) => !listOf(own[field]).some((one) => itemKey(field, one) === itemKey(field, item)))
      .map(containerName);
  return {
    initContainers: names('initContainers'),
    containers: names('containers'),
    volumes: names('volumes'),
    imagePullSecrets: names('imagePullSecrets'),
    revision: revision === '' ? 'default' : revision,
  };
}
