/** The ConfigMaps `istio` (settings of the mesh) and `istio-sidecar-injector` (what sidecars are made from). */

import type { Installation } from './installation.ts';
import { meshConfig } from './mesh-config.ts';
import { compact, type Resource } from './resource.ts';
import type { Tree } from './setting-path.ts';
import { toYamlText } from './yaml-text.ts';

/** The templates that injection has built in; the ConfigMap lists them for those who want to change one. */
export const INJECTION_TEMPLATES: readonly string[] = [
  'sidecar',
  'gateway',
  'grpc-simple',
  'grpc-agent',
  'spire',
];

/** Settings of the mesh, read by the control plane and by proxies. */
export function meshConfigMap(installation: Installation): Resource {
  const { global, named, namespace } = installation;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: named('istio'), namespace, labels: installation.labels('Pilot', 'istiod') },
    data: {
      mesh: toYamlText(meshConfig(installation)),
      meshNetworks: toYamlText({ networks: global.meshNetworks ?? {} }),
    },
  };
}

/** What `kube-inject` and the webhook make sidecars from. */
export function injectorConfigMap(installation: Installation): Resource {
  const { named, namespace } = installation;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: named('istio-sidecar-injector'),
      namespace,
      labels: installation.labels('Pilot', 'sidecar-injector'),
    },
    data: {
      config: toYamlText(injectionConfig(installation)),
      values: `${JSON.stringify(injectionValues(installation), undefined, 2)}\n`,
    },
  };
}

function injectionConfig({ values, global }: Installation): Tree {
  const webhook = values.sidecarInjectorWebhook ?? {};
  return {
    policy: global.proxy?.autoInject ?? 'enabled',
    defaultTemplates: webhook.defaultTemplates ?? ['sidecar'],
    ...compact({ aliases: webhook.aliases }),
    templates: {
      ...Object.fromEntries(INJECTION_TEMPLATES.map((name) => [name, 'builtin'])),
      ...webhook.templates,
    },
    neverInjectSelector: webhook.neverInjectSelector ?? [],
    alwaysInjectSelector: webhook.alwaysInjectSelector ?? [],
    injectedAnnotations: webhook.injectedAnnotations ?? {},
  };
}

/** The values that injection reads; the rest of the settings is nobody's business in a ConfigMap. */
function injectionValues({ spec, values, global, namespace, revision, version }: Installation): Tree {
  const { securityContext, seccompProfile } = values.gateways ?? {};
  const { rewriteAppHTTPProbe = true } = values.sidecarInjectorWebhook ?? {};
  return {
    revision,
    global: {
      ...global,
      hub: spec.hub ?? 'lateen',
      tag: String(spec.tag ?? version),
      istioNamespace: namespace,
    },
    gateways: compact({ securityContext, seccompProfile }),
    pilot: { cni: values.pilot?.cni ?? { enabled: false } },
    sidecarInjectorWebhook: { rewriteAppHTTPProbe },
  };
}
