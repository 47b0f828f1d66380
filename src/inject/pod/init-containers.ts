/** The init containers: traffic capture by iptables, its check where a CNI plugin does it, and core dumps. */

import { textAt } from '../settings.ts';
import { getKey } from '../yaml/value.ts';
import type { JsonMap } from '../yaml/value.ts';
import { PROXY_ID, env } from './context.ts';
import type { TemplateContext } from './context.ts';
import { CORE_DUMP, INIT, VALIDATION } from './pod.ts';

/** In the order in which they run, seen among themselves. */
export function initContainers(context: TemplateContext): JsonMap[] {
  return [
    ...(context.interceptionMode === 'NONE' ? [] : [captureContainer(context)]),
    ...(dumpsCore(context) ? [coreDumpContainer(context)] : []),
  ];
}

function captureContainer(context: TemplateContext): JsonMap {
  const metadata = context.proxyMetadata.map(([name, value]) => env(name, value));
  return {
    name: context.cni ? VALIDATION : INIT,
    image: context.image('global.proxy_init.image'),
    ...context.pullPolicy,
    args: captureArgs(context),
    ...(metadata.length === 0 ? {} : { env: metadata }),
    resources: context.resources,
    securityContext: captureSecurity(context),
  };
}

function captureArgs(context: TemplateContext): string[] {
  const { mesh } = context.settings;
  const { annotations } = context.pod;
  const traffic = (name: string, path: string): string =>
    context.annotation(`traffic.sidecar.istio.io/${name}`, `global.proxy.${path}`);
  const interfaces =
    annotations['istio.io/reroute-virtual-interfaces'] ??
    annotations['traffic.sidecar.istio.io/kubevirtInterfaces'];
  const excluded = annotations['traffic.sidecar.istio.io/excludeInterfaces'];
  const outbound = traffic('includeOutboundPorts', 'includeOutboundPorts');
  const notOutbound = traffic('excludeOutboundPorts', 'excludeOutboundPorts');
  return [
    'istio-iptables',
    '-p',
    textAt(mesh, 'proxyListenPort') || '15001',
    '-z',
    textAt(mesh, 'proxyInboundListenPort') || '15006',
    '-u',
    String(proxyUser(context)),
    '-m',
    context.interceptionMode,
    '-i',
    traffic('includeOutboundIPRanges', 'includeIPRanges'),
    '-x',
    traffic('excludeOutboundIPRanges', 'excludeIPRanges'),
    '-b',
    traffic('includeInboundPorts', 'includeInboundPorts'),
    '-d',
    excludedInbound(context, traffic('excludeInboundPorts', 'excludeInboundPorts')),
    ...(outbound === '' ? [] : ['-q', outbound]),
    ...(notOutbound === '' ? [] : ['-o', notOutbound]),
    ...(interfaces === undefined ? [] : ['-k', interfaces]),
    ...(excluded === undefined ? [] : ['-c', excluded]),
    `--log_output_level=${context.annotation('sidecar.istio.io/agentLogLevel', 'global.logging.level')}`,
    ...(context.flag('global.logAsJson') ? ['--log_as_json'] : []),
    ...(context.cni ? ['--run-validation', '--skip-rule-apply'] : []),
    ...(!context.cni && context.flag('global.proxy_init.forceApplyIptables') ? ['--force-apply'] : []),
  ];
}

/** The proxy's own ports, the status port, then those that the pod's owner excludes; none twice. */
function excludedInbound(context: TemplateContext, given: string): string {
  const status = context.statusPort;
  const own = ['15090', '15021', ...(status === '0' ? [] : [status])];
  const ports = given.split(',').map((port) => port.trim());
  return [...new Set([...own, ...ports.filter((port) => port !== '')])].join(',');
}

/** The user whose traffic is not captured: the proxy's, which a container that the pod brings may change. */
function proxyUser(context: TemplateContext): number {
  if (context.interceptionMode === 'TPROXY') return PROXY_ID;
  const user = getKey(getKey(context.ownProxy, 'securityContext'), 'runAsUser');
  return typeof user === 'number' && user !== 0 ? user : PROXY_ID;
}

function captureSecurity(context: TemplateContext): JsonMap {
  const privileged = context.flag('global.proxy.privileged');
  const seccomp = context.optional('seccompProfile', 'global.proxy.seccompProfile');
  const shared = { allowPrivilegeEscalation: privileged, privileged };
  if (!context.cni) {
    return {
      ...shared,
      // The rules of iptables are the one thing that needs root.
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      readOnlyRootFilesystem: false,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
      ...seccomp,
    };
  }
  const own = getKey(context.ownProxy, 'securityContext');
  const group = getKey(own, 'runAsGroup');
  return {
    ...shared,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsGroup: typeof group === 'number' ? group : PROXY_ID,
    runAsNonRoot: true,
    runAsUser: proxyUser(context),
    ...seccomp,
  };
}

function dumpsCore(context: TemplateContext): boolean {
  return context.annotation('sidecar.istio.io/enableCoreDump', 'global.proxy.enableCoreDump') === 'true';
}

/** Sets the kernel's pattern for core files, which belongs to the node: privileged, and only where asked for. */
function coreDumpContainer(context: TemplateContext): JsonMap {
  return {
    name: CORE_DUMP,
    image: context.image('global.proxy_init.image'),
    ...context.pullPolicy,
    args: ['enable-core-dump', '--pattern=/var/lib/istio/data/core.proxy'],
    resources: context.resources,
    securityContext: {
      allowPrivilegeEscalation: true,
      capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] },
      privileged: true,
      readOnlyRootFilesystem: true,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
  };
}
