/** Injection into texts: streams of YAML or JSON in, the same streams with sidecars out. */

import { MeshError } from '../base/mesh-error.ts';
import { covers } from './covers.ts';
import { changesBetween } from './pod/changes.ts';
import { reasonToSkip } from './pod/decide.ts';
import { STATUS, injectPod } from './pod/inject-pod.ts';
import type { InjectedPod } from './pod/inject-pod.ts';
import { readPod } from './pod/pod.ts';
import { isInjected, readStatus, uninjectPod } from './pod/uninject-pod.ts';
import { mapAt } from './settings.ts';
import type { InjectSettings } from './settings.ts';
import { eachObject } from './stream.ts';
import type { ObjectText, Outcome, Rewritten } from './stream.ts';
import { fillStatus, readUndo, undoJson, undoOf, undoText } from './undo.ts';
import { workloadOf, withTemplate } from './workload.ts';
import type { Workload } from './workload.ts';
import { applyEdits } from './yaml/edits.ts';
import type { Edit } from './yaml/edits.ts';
import { STATUS_MARK } from './yaml/render.ts';
import { getKey } from './yaml/value.ts';
import type { JsonMap } from './yaml/value.ts';

/**
 * Puts a sidecar into each workload of a stream. Text that need not change keeps its bytes. `file` is how errors
 * name the text. Throws a MeshError for text that cannot be read, and for a pod whose annotations are wrong.
 */
export function injectText(text: string, settings: InjectSettings, file?: string): Rewritten {
  return eachObject(text, file, (object) => injectObject(object, settings));
}

/** Takes the sidecars out again. What `injectText` made becomes the text that it was made from. */
export function uninjectText(text: string, file?: string): Rewritten {
  return eachObject(text, file, uninjectObject);
}

/** What becomes of a pod that has no text, as the API server shows it to a webhook. */
export type PodOutcome =
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'injected'; readonly pod: JsonMap };

/**
 * Puts a sidecar into a Pod of the API. One that has it already, from `injectText` or another injector, is left alone
 * when it is what the settings ask for, else it is made anew. Throws a MeshError as `injectText` does.
 */
export function injectPodObject(pod: JsonMap, settings: InjectSettings): PodOutcome {
  const workload = workloadOf({ ...pod, apiVersion: 'v1', kind: 'Pod' }, settings.defaultNamespace);
  if (workload === undefined) {
    throw new MeshError('InvalidPod', 'the pod has no spec', { where: { field: 'spec' } });
  }
  const { template, owner } = workload;
  const reason = reasonToSkip(readPod(template, owner), settings.config);
  if (reason !== undefined) return { outcome: 'skipped', reason };
  if (isInjected(template) && isCurrent(workload, settings)) return { outcome: 'unchanged' };
  const base = isInjected(template) ? uninjectPod(template) : template;
  const injected = injectPod(base, owner, settings);
  return { outcome: 'injected', pod: withStatus(injected.template, recordOf(base, injected, {})) };
}

function injectObject(object: ObjectText, settings: InjectSettings): Outcome {
  const workload = workloadOf(object.value, settings.defaultNamespace);
  if (workload === undefined) return { outcome: 'skipped', reason: 'has no pod template' };
  const reason = reasonToSkip(readPod(workload.template, workload.owner), settings.config);
  if (reason !== undefined) return { outcome: 'skipped', reason };
  const before = isInjected(workload.template);
  const own = getKey(readStatus(workload.template), 'undo') !== undefined;

  const original = before ? originalText(object, workload) : undefined;
  if (original !== undefined) {
    // Made anew from what it was made from, so that the same settings give the same bytes.
    const fresh = object.reread(original.original);
    const workloadThen = fresh === undefined ? undefined : workloadOf(fresh.value, settings.defaultNamespace);
    if (fresh !== undefined && workloadThen !== undefined) {
      const edits = injectEdits(fresh, workloadThen, settings, true);
      const replacement = applyEdits(fresh.text, edits).slice(fresh.start);
      if (object.text.slice(object.start, original.end) === replacement) return { outcome: 'unchanged' };
      return { outcome: 'updated', edits: [whole(object.start, original.end, replacement)] };
    }
  }
  if (own && isCurrent(workload, settings)) return { outcome: 'unchanged' };
  const edits = injectEdits(object, workload, settings, !own);
  return edits.length === 0 ? { outcome: 'unchanged' } : { outcome: before ? 'updated' : 'injected', edits };
}

function uninjectObject(object: ObjectText): Outcome {
  const workload = workloadOf(object.value);
  if (workload === undefined) return { outcome: 'skipped', reason: 'has no pod template' };
  if (!isInjected(workload.template)) return { outcome: 'skipped', reason: 'has no sidecar' };
  const original = originalText(object, workload);
  if (original !== undefined) {
    return { outcome: 'uninjected', edits: [whole(object.start, original.end, original.original)] };
  }
  const target = withTemplate(object.value, workload.path, uninjectPod(workload.template));
  return { outcome: 'uninjected', edits: object.editsTo(target) };
}

/** The text before an injection of ours, if the text at hand is still the one that it made. */
function originalText(object: ObjectText, workload: Workload): { original: string; end: number } | undefined {
  const undo = readUndo(getKey(readStatus(workload.template), 'undo'));
  const node =
    undo === undefined ? undefined : object.nodeAt([...workload.path, 'metadata', 'annotations', STATUS]);
  if (undo === undefined || node === undefined) return undefined;
  const found = undoText(object.text, object.start, node, undo);
  // Text that was added to what the injection made must not stay behind.
  return found?.end === object.end ? found : undefined;
}

/** Whether a pod whose text is no longer ours holds what an injection would give it. */
function isCurrent({ template, owner }: Workload, settings: InjectSettings): boolean {
  const { template: wanted } = injectPod(uninjectPod(template), owner, settings);
  return covers(template, wanted);
}

function injectEdits(
  object: ObjectText,
  workload: Workload,
  settings: InjectSettings,
  exact: boolean,
): readonly Edit[] {
  const { template, owner, path } = workload;
  const base = isInjected(template) ? uninjectPod(template) : template;
  const injected = injectPod(base, owner, settings);
  const marked = withStatus(injected.template, STATUS_MARK);
  const edits = object.editsTo(withTemplate(object.value, path, marked));
  if (edits.length === 0) return edits;
  const undo = exact ? undoOf(object.text, object.start, object.end, edits) : undefined;
  const record = recordOf(base, injected, undo === undefined ? {} : undoJson(undo));
  return edits.map((edit) => ({ ...edit, replacement: fillStatus(edit.replacement, record) }));
}

/** The annotation that says what was done, and with `undo` how to have the very text back. */
function recordOf(base: JsonMap, { template, status }: InjectedPod, undo: object): string {
  const listed = new Set(
    (['containers', 'initContainers', 'volumes', 'imagePullSecrets'] as const).flatMap((field) =>
      status[field].map((name) => `spec/${field}/${name}`),
    ),
  );
  // What the lists name need not be told again.
  const fields = changesBetween(base, template).filter(([change]) => !listed.has(change.join('/')));
  return JSON.stringify({ ...status, undo: { ...undo, fields } });
}

function withStatus(template: JsonMap, status: string): JsonMap {
  const metadata = mapAt(template, 'metadata');
  const annotations = mapAt(metadata, 'annotations');
  return { ...template, metadata: { ...metadata, annotations: { ...annotations, [STATUS]: status } } };
}

function whole(start: number, end: number, replacement: string): Edit {
  return { start, end, replacement, column: 0 };
}
