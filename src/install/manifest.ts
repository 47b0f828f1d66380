/** All objects of an installation, in the order to apply them. */

import type { CustomResourceDefinition } from '../api/custom-resource.ts';
import type {
  IstioOperatorSpec,
  ObjectOverlay,
} from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { MeshError } from '../base/mesh-error.ts';
import { grafana } from './addons/grafana/grafana.ts';
import { kiali } from './addons/kiali/kiali.ts';
import { prometheus } from './addons/prometheus/prometheus.ts';
import { tracing } from './addons/tracing/tracing.ts';
import { injectorConfigMap, meshConfigMap } from './config-maps.ts';
import { gatewayResources, gatewaysToInstall } from './gateways.ts';
import type { ComponentName } from './components.ts';
import { type Installation, installationOf } from './installation.ts';
import { istiodResources } from './istiod.ts';
import { gatewayPolicy, istiodPolicy } from './network-policies.ts';
import { readerAccount, remoteService } from './remote.ts';
import { inApplyOrder, type Resource, resourceName } from './resource.ts';
import { parseSettingPath, setAt, type Tree } from './setting-path.ts';
import { injectorWebhook, tagWebhook, validatorWebhook } from './webhooks.ts';

export interface ManifestOptions {
  /** Version of this package: the tag of images where the settings name none. */
  readonly version: string;
  /** The definitions of the mesh's kinds. */
  readonly crds: readonly CustomResourceDefinition[];
  /** Components to keep, all when empty: `Base`, `Pilot`, `IngressGateways`, … */
  readonly filter?: readonly string[];
}

export interface Manifest {
  readonly resources: readonly Resource[];
  /** What the user should know of the settings, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The objects that the settings stand for. The same settings give the same objects in the same order. Throws a
 * `MeshError` when settings contradict one another.
 */
export function buildManifest(spec: IstioOperatorSpec, options: ManifestOptions): Manifest {
  const installation = installationOf(spec, options.version);
  const keep = new Set(options.filter ?? []);
  const parts = partsOf(installation, options.crds).filter(
    ({ component }) => keep.size === 0 || keep.has(component),
  );
  const resources = inApplyOrder(parts.flatMap((part) => part.resources));
  refuseTwins(resources);
  return { resources, notes: notesOf(installation) };
}

interface Part {
  readonly component: ComponentName;
  readonly resources: readonly Resource[];
}

function partsOf(installation: Installation, crds: readonly CustomResourceDefinition[]): readonly Part[] {
  const { spec, values, global } = installation;
  const { base, pilot } = spec.components ?? {};
  const hasPilot = pilot?.enabled === true;
  const isRemote = values.istiodRemote?.enabled === true;
  const policies = global.networkPolicy?.enabled === true;
  const gateways = gatewaysToInstall(installation);
  const parts: Part[] = [];
  if (base?.enabled === true) parts.push({ component: 'Base', resources: baseResources(installation, crds) });
  if (hasPilot) {
    parts.push({
      component: 'Pilot',
      resources: overlaid(
        [
          ...istiodResources(installation),
          ...configuration(installation),
          ...(values.sidecarInjectorWebhook?.enabled === false ? [] : webhooks(installation)),
          ...(global.configValidation === false ? [] : [validatorWebhook(installation)]),
          ...(policies ? [istiodPolicy(installation)] : []),
        ],
        pilot.k8s?.overlays,
      ),
    });
  } else if (isRemote) {
    parts.push({
      component: 'IstiodRemote',
      resources: [...remoteService(installation), ...configuration(installation), ...webhooks(installation)],
    });
  }
  for (const one of gateways) {
    const resources = [
      ...gatewayResources(one, installation),
      ...(policies ? [gatewayPolicy(one, installation)] : []),
    ];
    parts.push({ component: one.component, resources: overlaid(resources, one.gateway.k8s?.overlays) });
  }
  for (const [name, addon] of Object.entries({ prometheus, grafana, kiali, tracing } as const)) {
    const settings = spec.addonComponents?.[name as keyof NonNullable<IstioOperatorSpec['addonComponents']>];
    if (settings?.enabled !== true) continue;
    parts.push({ component: 'Addons', resources: overlaid(addon(installation), settings.k8s?.overlays) });
  }
  const needsNamespace = parts.some(({ resources }) =>
    resources.some(({ metadata }) => metadata.namespace === installation.namespace),
  );
  if (needsNamespace) parts.unshift({ component: 'Base', resources: [namespaceOf(installation)] });
  return parts;
}

function namespaceOf({ namespace }: Installation): Resource {
  // No revision: the control planes of all revisions share it.
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'app.kubernetes.io/part-of': 'istio' } },
  };
}

function baseResources(
  installation: Installation,
  crds: readonly CustomResourceDefinition[],
): readonly Resource[] {
  const { values, global } = installation;
  const excluded = new Set(values.base?.excludedCRDs ?? []);
  const included =
    values.base?.enableIstioConfigCRDs === false
      ? []
      : crds.filter(({ metadata, spec }) => !excluded.has(metadata.name) && !excluded.has(spec.group));
  return [
    ...included.map(definition),
    ...(global.multiCluster?.enabled === true ? readerAccount(installation) : []),
  ];
}

/** Groups of kinds that only older releases had. */
const OLD_GROUPS = new Set(['authentication.istio.io', 'config.istio.io', 'rbac.istio.io']);

/** Labelled, so that those who take the mesh away can find them: `kubectl delete crd -l …`. */
const DEFINITION_LABELS = {
  'app.kubernetes.io/managed-by': 'lateen',
  'app.kubernetes.io/part-of': 'istio',
};

/** `mesh analyze` points out that a cluster has kinds of older releases; these are there on purpose. */
function definition(crd: CustomResourceDefinition): Resource {
  const labels = DEFINITION_LABELS;
  if (!OLD_GROUPS.has(crd.spec.group)) return { ...crd, metadata: { ...crd.metadata, labels } };
  const annotations = { ...crd.metadata.annotations, 'galley.istio.io/analyze-suppress': 'IST0002' };
  return { ...crd, metadata: { ...crd.metadata, labels, annotations } };
}

function configuration(installation: Installation): readonly Resource[] {
  const { values, global } = installation;
  return [
    ...(values.pilot?.configMap === false ? [] : [meshConfigMap(installation)]),
    ...(global.omitSidecarInjectorConfigMap === true ? [] : [injectorConfigMap(installation)]),
  ];
}

function webhooks(installation: Installation): readonly Resource[] {
  const tags = installation.values.revisionTags ?? [];
  return [injectorWebhook(installation), ...tags.map((tag) => tagWebhook(installation, tag))];
}

/** Changes objects by path, as `k8s.overlays` says. */
function overlaid(
  resources: readonly Resource[],
  overlays: readonly ObjectOverlay[] = [],
): readonly Resource[] {
  if (overlays.length === 0) return resources;
  const changed = resources.map((resource) => structuredClone(resource));
  for (const { apiVersion, kind, name, patches = [] } of overlays) {
    const resource = changed.find(
      (one) =>
        one.kind === kind &&
        one.metadata.name === name &&
        (apiVersion === undefined || one.apiVersion === apiVersion),
    );
    if (resource === undefined) {
      throw new MeshError(
        'BadOverlay',
        `an overlay is for ${kind ?? ''} ${name ?? ''}, which is not among the objects of its component`,
        {
          hint: `There are ${changed.map(resourceName).join(', ')}.`,
        },
      );
    }
    for (const { path, value } of patches) {
      setAt(resource as Tree, parseSettingPath(path ?? ''), value === null ? undefined : value);
    }
  }
  return changed;
}

/** Two objects of one name would overwrite each other when applied. */
function refuseTwins(resources: readonly Resource[]): void {
  const seen = new Set<string>();
  for (const resource of resources) {
    const name = resourceName(resource);
    if (seen.has(name)) {
      throw new MeshError('NameConflict', `two parts of the installation make ${name}`, {
        hint: 'Give each gateway a name of its own.',
      });
    }
    seen.add(name);
  }
}

function notesOf({ values, global, namespace, spec }: Installation): readonly string[] {
  const remote = values.istiodRemote ?? {};
  const notes: string[] = [];
  if (remote.enabled === true && (global.remotePilotAddress ?? '') === '') {
    notes.push(
      'values.global.remotePilotAddress is not set, so nothing leads proxies to the control plane of the other cluster; set it to its address.',
    );
  }
  for (const { name, namespace: own, enabled } of [
    ...(spec.components?.ingressGateways ?? []),
    ...(spec.components?.egressGateways ?? []),
  ]) {
    if (enabled === true && own !== undefined && own !== namespace) {
      notes.push(`The gateway ${name ?? ''} goes into the namespace ${own}, which must exist.`);
    }
  }
  return [...notes, ...foreignImages(spec)];
}

/** Registries of Istio's own images, as old files name them. */
const ISTIO_HUB = /^(?:(?:docker\.io\/)?istio|gcr\.io\/istio-[a-z]+|registry\.istio\.io\/[a-z]+)$/;

/** Istio's programs would be started with the arguments of ours. */
function foreignImages({ hub = '', values }: IstioOperatorSpec): readonly string[] {
  const notes: string[] = [];
  if (ISTIO_HUB.test(hub)) notes.push(`hub is ${hub}, where the images of Istio are; leave it out for ours.`);
  for (const [path, image, own] of [
    ['values.pilot.image', values?.pilot?.image, 'controller'],
    ['values.global.proxy.image', values?.global?.proxy?.image, 'proxy'],
    ['values.global.proxy_init.image', values?.global?.proxy_init?.image, 'proxy'],
  ] as const) {
    if (/^(?:pilot|proxyv2|proxy_init)$/.test(image ?? '')) {
      notes.push(
        `${path} is ${image ?? ''}, an image of Istio; leave it out for ours, which is called ${own}.`,
      );
    }
  }
  return notes;
}
