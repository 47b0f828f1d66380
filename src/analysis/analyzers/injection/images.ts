/** Running sidecars whose image is not the one that injection gives now. */

import { Injectors, injectedImages } from '../../../model/injector.ts';
import { imageTypeOf } from '../../../model/image-type.ts';
import { INJECTION_LABEL, PROXY_CONTAINER, REVISION_LABEL } from '../../../model/membership.ts';
import { WORKLOAD_KINDS, containersOf } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'injection.ImageAnalyzer',
  summary: 'Sidecars of running pods have the image that injection gives now',
  reads: [...WORKLOAD_KINDS, 'core/ConfigMap', 'core/Namespace', 'networking.istio.io/ProxyConfig'],
  messages: [MESSAGES.PodsIstioProxyImageMismatchInNamespace],
  analyze({ snapshot, report }) {
    const injectors = new Injectors(snapshot);
    for (const object of snapshot.list('core/Namespace')) {
      const { name, labels } = object.meta;
      const revision =
        labels[REVISION_LABEL] ?? (labels[INJECTION_LABEL] === 'enabled' ? 'default' : undefined);
      if (revision === undefined) continue;
      const expected = injectors.ofRevision(revision)?.proxyImage;
      if (expected === undefined) continue;
      const outdated = snapshot.workloads.inNamespace(name).filter((workload) => {
        // Templates have no sidecar yet; a pod that names its own image has what it wants.
        if (workload.object.key !== 'core/Pod') return false;
        if ((workload.annotations['sidecar.istio.io/proxyImage'] ?? '') !== '') return false;
        const images = injectedImages(expected, imageTypeOf(snapshot, workload));
        return containersOf(workload.spec).some(
          (container) => container.name === PROXY_CONTAINER && !images.has(container.image ?? ''),
        );
      });
      if (outdated.length === 0) continue;
      const pods = [...new Set(outdated.map((workload) => workload.object.meta.name))].sort();
      report(MESSAGES.PodsIstioProxyImageMismatchInNamespace, object, ['metadata', 'name'], { pods });
    }
  },
};
