/** Probes of the application: the kubelet asks the agent, which asks the application from inside of the pod. */

import { getKey, isMap } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { parseTruth } from './annotations.ts';
import type { TemplateContext } from './context.ts';
import { PROXY, containerName } from './pod.ts';

/** Environment variable that tells the agent what the probes were. */
export const PROBERS_ENV = 'ISTIO_KUBE_APP_PROBERS';

export type ContainerList = 'containers' | 'initContainers';
type Handler = 'httpGet' | 'tcpSocket' | 'grpc';

/** One probe or lifecycle hook to change. */
export interface ProbeRewrite {
  readonly list: ContainerList;
  /** Index in the list. */
  readonly index: number;
  /** From the container to the probe, for example `lifecycle`, `preStop`. */
  readonly path: readonly string[];
  readonly handler: Handler;
  readonly url: string;
  readonly port: number;
  /** As it was. */
  readonly original: JsonMap;
}

const PROBES: readonly { readonly path: readonly string[]; readonly url: string; readonly timed: boolean }[] =
  [
    { path: ['readinessProbe'], url: 'app-health/*/readyz', timed: true },
    { path: ['livenessProbe'], url: 'app-health/*/livez', timed: true },
    { path: ['startupProbe'], url: 'app-health/*/startupz', timed: true },
    { path: ['lifecycle', 'preStop'], url: 'app-lifecycle/*/prestopz', timed: false },
    { path: ['lifecycle', 'postStart'], url: 'app-lifecycle/*/poststartz', timed: false },
  ];

/** Places of probes in a container, with the URL under which the agent answers for each. */
export function probePlaces(
  container: string,
): readonly { readonly path: readonly string[]; readonly url: string }[] {
  return PROBES.map(({ path, url }) => ({ path, url: `/${url.replace('*', () => container)}` }));
}

/** The changes of a pod's probes, and what the agent has to know of them. */
export function rewriteProbes(context: TemplateContext): { rewrites: ProbeRewrite[]; probers: JsonMap } {
  const rewrites: ProbeRewrite[] = [];
  const probers: JsonMap = {};
  const port = Number(context.statusPort);
  const wanted =
    parseTruth(context.pod.annotations['sidecar.istio.io/rewriteAppHTTPProbers']) ??
    context.flag('sidecarInjectorWebhook.rewriteAppHTTPProbe');
  if (!wanted || !(port > 0)) return { rewrites, probers };
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of context.pod[list].entries()) {
      const name = containerName(container);
      if (name === PROXY) continue;
      for (const { path, url: pattern, timed } of PROBES) {
        const probe = path.reduce<Json | undefined>((value, key) => getKey(value, key), container);
        const found = proberOf(probe, container, port);
        if (found === undefined) continue;
        const url = `/${pattern.replace('*', () => name)}`;
        const timeout = getKey(probe, 'timeoutSeconds');
        probers[url] = {
          ...found.prober,
          ...(timed && typeof timeout === 'number' ? { timeoutSeconds: timeout } : {}),
        };
        rewrites.push({
          list,
          index,
          path,
          handler: found.handler,
          url,
          port,
          original: isMap(probe) ? probe : {},
        });
      }
    }
  }
  return {
    rewrites,
    probers: Object.fromEntries(Object.entries(probers).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What the agent does in place of the kubelet; undefined for probes that it cannot or need not take over. */
function proberOf(
  probe: Json | undefined,
  container: JsonMap,
  statusPort: number,
): { handler: Handler; prober: JsonMap } | undefined {
  for (const handler of ['httpGet', 'tcpSocket', 'grpc'] as const) {
    const action = getKey(probe, handler);
    if (!isMap(action)) continue;
    const given = getKey(action, 'port');
    const port = handler === 'grpc' ? given : portNumber(given, container);
    // Of a port without number the agent could make nothing, and its own port means that this was done before.
    if (typeof port !== 'number' || port === statusPort) return undefined;
    return { handler, prober: { [handler]: { ...action, port } } };
  }
  return undefined;
}

function portNumber(port: Json | undefined, container: JsonMap): number | undefined {
  if (typeof port === 'number') return port;
  const ports = getKey(container, 'ports');
  if (typeof port !== 'string' || !Array.isArray(ports)) return undefined;
  const found = getKey(
    ports.find((one) => getKey(one, 'name') === port),
    'containerPort',
  );
  return typeof found === 'number' ? found : undefined;
}

/** The probe as the kubelet shall have it. */
export function rewrittenProbe({ handler, original, url, port }: ProbeRewrite): JsonMap {
  const { [handler]: action, ...rest } = original;
  if (handler !== 'httpGet' || !isMap(action)) return { ...rest, httpGet: { path: url, port } };
  return {
    ...rest,
    httpGet: { ...action, path: url, port, ...(action.scheme === 'HTTPS' ? { scheme: 'HTTP' } : {}) },
  };
}
