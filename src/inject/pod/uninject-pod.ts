/** The way back on values: takes out what an injector, ours or Istio's, put into a pod template. */

import { getKey, isMap } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { readChanges, revertChanges } from './changes.ts';
import type { Change } from './changes.ts';
import { STATUS } from './inject-pod.ts';
import { INJECTED_CONTAINERS, PROXY, containerName } from './pod.ts';
import { PROBERS_ENV, probePlaces } from './probes.ts';
import { SCRAPE_ENV } from './prometheus.ts';

const OVERRIDES = 'proxy.istio.io/overrides';

/** The annotation's content; undefined where there is none, an empty map where it is no JSON object. */
export function readStatus(template: Json): JsonMap | undefined {
  const text = getKey(getKey(getKey(template, 'metadata'), 'annotations'), STATUS);
  if (typeof text !== 'string') return undefined;
  try {
    const status = JSON.parse(text) as Json;
    return isMap(status) ? status : {};
  } catch {
    return {};
  }
}

/** Whether a sidecar was put into the template before. A proxy container alone may be the owner's own settings. */
export function isInjected(template: Json): boolean {
  if (readStatus(template) !== undefined) return true;
  return containersOf(template, 'containers').some((container) => {
    const args = container.args;
    return (
      containerName(container) === PROXY &&
      container.image !== 'auto' &&
      Array.isArray(args) &&
      args[0] === 'proxy' &&
      args[1] === 'sidecar'
    );
  });
}

/** The template without its sidecar. */
export function uninjectPod(template: JsonMap): JsonMap {
  const status = readStatus(template) ?? {};
  const changes = readChanges(getKey(status.undo, 'fields'));
  const restored = changes.length > 0 ? ours(template, status, changes) : foreign(template, status);
  return withoutEmpty(restored);
}

/** With a record of each field. */
function ours(template: JsonMap, status: JsonMap, changes: readonly Change[]): JsonMap {
  const without = removeNamed(template, status, []);
  const reverted = revertChanges(without, changes);
  return deleteAt(isMap(reverted) ? reverted : without, ['metadata', 'annotations', STATUS]);
}

/** Without a record: what injectors are known to add, and what the agent was told of the probes. */
function foreign(template: JsonMap, status: JsonMap): JsonMap {
  const annotations = getKey(getKey(template, 'metadata'), 'annotations');
  const proxy = [...containersOf(template, 'containers'), ...containersOf(template, 'initContainers')].find(
    (container) => containerName(container) === PROXY,
  );
  const probers = parseMap(variable(proxy, PROBERS_ENV));
  const scrape = parseMap(variable(proxy, SCRAPE_ENV));
  const overrides = parseMap(getKey(annotations, OVERRIDES));

  let result = removeNamed(template, status, INJECTED_CONTAINERS);
  for (const field of ['containers', 'initContainers'] as const) {
    const restored = containersOf(result, field).map((container) => restoreProbes(container, probers));
    const own = overrides[field];
    const all = [...restored, ...(Array.isArray(own) ? own.filter(isMap).map(withImage) : [])];
    if (all.length > 0) result = setAt(result, ['spec', field], all);
  }
  const first = containerName(containersOf(result, 'containers')[0] ?? {});
  result = removeWhere(
    result,
    ['metadata', 'annotations'],
    (key, value) =>
      key === STATUS ||
      key === OVERRIDES ||
      key === 'istio.io/rev' ||
      (/^kubectl\.kubernetes\.io\/default-(?:logs-)?container$/.test(key) && value === first),
  );
  result = restoreScraping(result, scrape);
  result = removeLabels(result);
  const security = getKey(getKey(result, 'spec'), 'securityContext');
  // Injectors of 1.5 to 1.9 had the proxy read its token by this group.
  if (getKey(security, 'fsGroup') === 1337) result = deleteAt(result, ['spec', 'securityContext', 'fsGroup']);
  return result;
}

function removeLabels(template: JsonMap): JsonMap {
  const labels = getKey(getKey(template, 'metadata'), 'labels');
  const derived = (...names: string[]): Json | undefined =>
    names.map((name) => getKey(labels, name)).find((value) => value !== undefined);
  const revision = derived('app.kubernetes.io/version', 'version') ?? 'latest';
  const name = derived('app.kubernetes.io/name', 'app');
  return removeWhere(template, ['metadata', 'labels'], (key, value) => {
    if (key === 'security.istio.io/tlsMode') return value === 'istio';
    if (key === 'service.istio.io/canonical-name') return name === undefined || value === name;
    return key === 'service.istio.io/canonical-revision' && value === revision;
  });
}

function restoreScraping(template: JsonMap, scrape: JsonMap): JsonMap {
  const annotations = getKey(getKey(template, 'metadata'), 'annotations');
  if (getKey(annotations, 'prometheus.io/path') !== '/stats/prometheus') return template;
  let result = template;
  for (const key of ['scrape', 'port', 'path']) {
    const name = `prometheus.io/${key}`;
    const value = scrape[key];
    result =
      typeof value === 'string'
        ? setAt(result, ['metadata', 'annotations', name], value)
        : deleteAt(result, ['metadata', 'annotations', name]);
  }
  const targets = scrape.targets;
  if (!Array.isArray(targets)) return result;
  const text = targets
    .map((target) => `${String(getKey(target, 'port'))}:${String(getKey(target, 'path'))}`)
    .join(',');
  for (const key of ['port', 'path'])
    result = deleteAt(result, ['metadata', 'annotations', `prometheus.io/${key}`]);
  return setAt(result, ['metadata', 'annotations', 'prometheus.istio.io/scrape-targets'], text);
}

function restoreProbes(container: JsonMap, probers: JsonMap): JsonMap {
  let result = container;
  for (const { path, url } of probePlaces(containerName(container))) {
    const prober = getKey(probers, url);
    const probe = path.reduce<Json | undefined>((value, key) => getKey(value, key), container);
    const action = getKey(probe, 'httpGet');
    if (!isMap(prober) || !isMap(probe) || getKey(action, 'path') !== url) continue;
    const { timeoutSeconds: _timeout, ...handler } = prober;
    const { httpGet: _replaced, ...rest } = probe;
    result = setAt(result, path, { ...rest, ...handler });
  }
  return result;
}

function removeNamed(template: JsonMap, status: JsonMap, known: readonly string[]): JsonMap {
  let result = template;
  for (const field of ['containers', 'initContainers', 'volumes', 'imagePullSecrets']) {
    const listed = status[field];
    const names = new Set<Json>(Array.isArray(listed) ? listed : []);
    if (field.endsWith('ontainers')) for (const name of known) names.add(name);
    const before = getKey(getKey(template, 'spec'), field);
    if (!Array.isArray(before)) continue;
    const kept = before.filter((item) => !names.has(getKey(item, 'name') ?? null));
    if (kept.length === before.length) continue;
    result = kept.length === 0 ? deleteAt(result, ['spec', field]) : setAt(result, ['spec', field], kept);
  }
  return result;
}

/** Maps that stand empty once their injected entries are gone. */
function withoutEmpty(template: JsonMap): JsonMap {
  let result = template;
  for (const path of [
    ['metadata', 'annotations'],
    ['metadata', 'labels'],
    ['spec', 'securityContext'],
  ]) {
    const value = path.reduce<Json | undefined>((current, key) => getKey(current, key), result);
    if (isMap(value) && Object.keys(value).length === 0) result = deleteAt(result, path);
  }
  return result;
}

function containersOf(template: Json, field: string): JsonMap[] {
  const list = getKey(getKey(template, 'spec'), field);
  return Array.isArray(list) ? list.filter(isMap) : [];
}

/** A container whose image the injector chose has none in Istio's record, but Kubernetes asks for one. */
function withImage(container: JsonMap): JsonMap {
  return container.image === undefined || container.image === ''
    ? { ...container, image: 'auto' }
    : container;
}

function variable(container: JsonMap | undefined, name: string): Json | undefined {
  const list = getKey(container, 'env');
  return Array.isArray(list)
    ? getKey(
        list.find((one) => getKey(one, 'name') === name),
        'value',
      )
    : undefined;
}

function parseMap(text: Json | undefined): JsonMap {
  if (typeof text !== 'string') return {};
  try {
    const value = JSON.parse(text) as Json;
    return isMap(value) ? value : {};
  } catch {
    return {};
  }
}

function setAt(map: JsonMap, path: readonly string[], value: Json): JsonMap {
  const [key = '', ...rest] = path;
  const child = getKey(map, key);
  return { ...map, [key]: rest.length === 0 ? value : setAt(isMap(child) ? child : {}, rest, value) };
}

function deleteAt(map: JsonMap, path: readonly string[]): JsonMap {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    const { [key]: _gone, ...others } = map;
    return others;
  }
  const child = getKey(map, key);
  return isMap(child) ? { ...map, [key]: deleteAt(child, rest) } : map;
}

function removeWhere(
  template: JsonMap,
  path: readonly string[],
  gone: (key: string, value: Json) => boolean,
): JsonMap {
  const map = path.reduce<Json | undefined>((value, key) => getKey(value, key), template);
  if (!isMap(map)) return template;
  return Object.keys(map)
    .filter((key) => gone(key, map[key] ?? null))
    .reduce((current, key) => deleteAt(current, [...path, key]), template);
}
