/** Annotations of alpha features: for who wants to know before an upgrade. */

import { ANNOTATIONS } from '../../../api/annotations.table.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import {
  ANNOTATED_KINDS,
  type Annotated,
  SET_BY_CONTROL_PLANE,
  annotatedPlaces,
  isIstioAnnotation,
} from './annotated.ts';

/** What injection writes on pods by itself where a CNI plugin sets up redirection. */
const SET_WITH_CNI: ReadonlySet<string> = new Set([
  'sidecar.istio.io/interceptionMode',
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'traffic.sidecar.istio.io/includeInboundPorts',
  'traffic.sidecar.istio.io/includeOutboundIPRanges',
]);

export const analyzer: Analyzer = {
  name: 'annotations.AlphaAnalyzer',
  summary: 'No annotation of an alpha feature is used',
  onRequest: true,
  reads: ANNOTATED_KINDS,
  messages: [MESSAGES.AlphaAnnotation],
  analyze({ snapshot, report }) {
    for (const place of annotatedPlaces(snapshot)) {
      for (const annotation of Object.keys(place.annotations)) {
        if (!isIstioAnnotation(annotation) || SET_BY_CONTROL_PLANE.has(annotation)) continue;
        const info = Object.hasOwn(ANNOTATIONS, annotation) ? ANNOTATIONS[annotation] : undefined;
        if (info?.maturity !== 'Alpha') continue;
        if (SET_WITH_CNI.has(annotation) && usesCni(place)) continue;
        report(MESSAGES.AlphaAnnotation, place.object, [...place.path, annotation], { annotation });
      }
    }
  },
};

/** A pod that exists, and whose redirection no init container has set up. */
function usesCni({ object, spec }: Annotated): boolean {
  return object.key === 'core/Pod' && !(spec?.initContainers ?? []).some(({ name }) => name === 'istio-init');
}
