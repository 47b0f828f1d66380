/** Annotations of Istio: known ones, on kinds where they have an effect, with values that can be used. */

import { ANNOTATIONS, type AnnotationInfo, ISTIO_LABELS } from '../../../api/annotations.table.ts';
import { nearestName } from '../../../base/nearest.ts';
import { annotationValueProblem } from '../../../config/checks/annotation-value.ts';
import { INJECT_LABEL } from '../../../model/membership.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import {
  ANNOTATED_KINDS,
  type Annotated,
  SET_BY_CONTROL_PLANE,
  annotatedPlaces,
  isIstioAnnotation,
} from './annotated.ts';

export const analyzer: Analyzer = {
  name: 'annotations.K8sAnalyzer',
  summary: "Istio's annotations on Kubernetes' objects are known, in place, and have sound values",
  reads: ANNOTATED_KINDS,
  messages: [
    MESSAGES.MisplacedAnnotation,
    MESSAGES.UnknownAnnotation,
    MESSAGES.InvalidAnnotation,
    MESSAGES.DeprecatedAnnotation,
  ],
  analyze(context) {
    for (const place of annotatedPlaces(context.snapshot)) {
      for (const [name, value] of Object.entries(place.annotations)) {
        if (!isIstioAnnotation(name) || SET_BY_CONTROL_PLANE.has(name)) continue;
        const info = Object.hasOwn(ANNOTATIONS, name) ? ANNOTATIONS[name] : undefined;
        if (info === undefined) reportUnknown(context, place, name);
        else checkKnown(context, place, name, value, info);
      }
    }
  },
};

function reportUnknown({ report }: AnalysisContext, { object, path }: Annotated, annotation: string): void {
  const near = nearestName(annotation, Object.keys(ANNOTATIONS));
  let hint = near === undefined ? undefined : `Did you mean ${near}?`;
  if (ISTIO_LABELS.has(annotation)) hint = 'It is a label: write it below metadata.labels.';
  report(MESSAGES.UnknownAnnotation, object, [...path, annotation], { annotation }, hint);
}

function checkKnown(
  { report }: AnalysisContext,
  { object, kind, labels, path }: Annotated,
  annotation: string,
  value: string,
  info: AnnotationInfo,
): void {
  const at = [...path, annotation];
  // Who has the label, too, keeps the annotation for old control planes.
  const isForOldOnes = annotation === INJECT_LABEL && labels[INJECT_LABEL] !== undefined;
  if (info.deprecated !== undefined && !isForOldOnes) {
    const advice = info.deprecated === '' ? '' : `: ${info.deprecated}`;
    report(MESSAGES.DeprecatedAnnotation, object, at, { annotation, advice });
  }
  if (info.kinds !== undefined && !info.kinds.includes(kind)) {
    const isOfTemplate = info.kinds.includes('Pod') && kind !== 'Namespace' && kind !== 'Service';
    const hint = isOfTemplate ? "Move it to the metadata of the pod's template." : undefined;
    report(MESSAGES.MisplacedAnnotation, object, at, { annotation, kinds: info.kinds }, hint);
    return;
  }
  const problem = info.value === undefined ? undefined : annotationValueProblem(info.value, value);
  if (problem !== undefined) report(MESSAGES.InvalidAnnotation, object, at, { annotation, problem });
}
