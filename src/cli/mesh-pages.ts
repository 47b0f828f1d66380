/** Where the pages of a proxy and of the control plane are in their pods, and which programs there ask for them. */

import type { PagePlace } from '../kube/pod-page.ts';
import type { PodPort } from '../kube/port-forward.ts';

/** Where `pilot-agent request` asks unless it is told otherwise; releases of Istio up to 1.5 cannot be told. */
const ADMIN_PORT = 15_000;

/** The administration of the proxy in a pod. The agent of our images answers to the name of Istio's, too. */
export function proxyPage(port: PodPort): PagePlace {
  const flags = port.port === ADMIN_PORT ? [] : [`--debug-port=${port.port}`];
  return {
    ...port,
    container: 'istio-proxy',
    commands: (method, path) => [['pilot-agent', 'request', method, path.replace(/^\//, ''), ...flags]],
  };
}

/** The pages of a process of the control plane: ours, whose image has only Node.js and this package, or Istio's. */
export function controlPlanePage(port: PodPort): PagePlace {
  const ours = ['/nodejs/bin/node', '/app/bin/mesh-proxy.js', 'request'];
  return {
    ...port,
    container: 'discovery',
    commands: (method, path) => [
      [...ours, method, path, `--debug-port=${port.port}`],
      ['pilot-discovery', 'request', method, path],
    ],
  };
}
