/** The profile `demo`: everything on, small enough for a laptop. */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';

const SMALL = { requests: { cpu: '10m', memory: '40Mi' }, limits: { cpu: '1', memory: '512Mi' } };

export const profile = {
  meshConfig: { accessLogFile: '/dev/stdout', defaultConfig: { tracing: { sampling: 100 } } },
  components: { egressGateways: [{ name: 'istio-egressgateway', enabled: true }] },
  addonComponents: {
    prometheus: { enabled: true },
    grafana: { enabled: true },
    kiali: { enabled: true },
    tracing: { enabled: true },
  },
  values: {
    global: { proxy: { resources: { requests: { cpu: '10m', memory: '40Mi' } } } },
    pilot: {
      autoscaleEnabled: false,
      resources: { requests: { cpu: '10m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } },
    },
    gateways: {
      'istio-ingressgateway': { autoscaleEnabled: false, resources: SMALL },
      'istio-egressgateway': { autoscaleEnabled: false, resources: SMALL },
    },
  },
} satisfies IstioOperatorSpec;
