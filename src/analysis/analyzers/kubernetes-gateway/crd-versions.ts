/** Definitions of the Gateway API that are older than the control plane can use. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

const VERSION_ANNOTATION = 'gateway.networking.k8s.io/bundle-version';

/** Lowest releases of the Gateway API of which the control plane of Istio 1.30 reads the kind. */
const MINIMUM: ReadonlyMap<string, Version> = new Map([
  ['grpcroutes.gateway.networking.k8s.io', [1, 1, 0]],
  ['backendtlspolicies.gateway.networking.k8s.io', [1, 4, 0]],
  ['tlsroutes.gateway.networking.k8s.io', [1, 5, 0]],
  ['tcproutes.gateway.networking.k8s.io', [1, 6, 0]],
]);

type Version = readonly [major: number, minor: number, patch: number];

/** Minor and patch may be left out; what follows a dash or plus (a release candidate) does not count. */
const VERSION = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-+][0-9A-Za-z.+-]*)?$/;

export const analyzer: Analyzer = {
  name: 'k8sgateway.CRDVersionAnalyzer',
  summary: 'Definitions of the Gateway API are new enough for the control plane',
  reads: ['apiextensions.k8s.io/CustomResourceDefinition'],
  messages: [MESSAGES.GatewayAPICRDVersionBelowMinimum],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('apiextensions.k8s.io/CustomResourceDefinition')) {
      const { name, annotations } = object.meta;
      const minimum = MINIMUM.get(name);
      const version = annotations[VERSION_ANNOTATION];
      if (minimum === undefined || version === undefined) continue;
      const installed = parseVersion(version);
      if (installed === undefined || !isLess(installed, minimum)) continue;
      const path = ['metadata', 'annotations', VERSION_ANNOTATION];
      report(MESSAGES.GatewayAPICRDVersionBelowMinimum, object, path, {
        crd: name,
        version,
        minimum: `v${minimum.join('.')}`,
      });
    }
  },
};

function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
}

function isLess(a: Version, b: Version): boolean {
  const index = a.findIndex((part, position) => part !== b[position]);
  return index >= 0 && (a[index] ?? 0) < (b[index] ?? 0);
}
