/** Checks of what is installed: whether the control planes run, are reached, and fit this mesh. */

import { DEFINITION_SELECTOR, ownedSelector, TAG_LABEL } from '../../install/owned.ts';
import type { Resource } from '../../install/resource.ts';
import { isTree } from '../../install/setting-path.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listObjects } from '../../kube/list.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath, type TypeName } from '../../kube/resource-path.ts';
import { missingOf, troubleText } from '../lifecycle/readiness.ts';
import { rankedVersion } from '../lifecycle/version-order.ts';
import { asked, type Category, type Check, checkOf } from './health.ts';

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const SLICE = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
const MUTATING = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' };
const VALIDATING = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' };

export interface HealthQuestion {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  readonly istioNamespace: string;
  /** Version of this program. */
  readonly version: string;
}

/** The least release of Kubernetes that the manifests work on: server-side apply and autoscaling/v2. */
export const MINIMUM_KUBERNETES = '1.23';

/** Whether the API server answers, and is new enough. Throws an `ApiFailure` when it does not answer at all. */
export async function kubernetes({ client, signal }: HealthQuestion): Promise<Category> {
  const { gitVersion = '' } = (await client.get('/version', { signal })) as { readonly gitVersion?: string };
  return {
    categoryName: 'kubernetes-api',
    checks: [
      { description: `the API server ${client.url('')} answers`, result: 'success' },
      checkOf(
        `Kubernetes ${gitVersion} is new enough`,
        rankedVersion(gitVersion) >= rankedVersion(MINIMUM_KUBERNETES)
          ? []
          : [`it is older than ${MINIMUM_KUBERNETES}`],
        { hint: `Upgrade the cluster to Kubernetes ${MINIMUM_KUBERNETES} or newer.` },
      ),
    ],
  };
}

/** What is installed, and whether it runs. */
export async function controlPlanes(question: HealthQuestion): Promise<readonly Category[]> {
  const { version } = question;
  const labels = ownedSelector();
  const list = (type: TypeName, selector: string | undefined, namespace?: string) =>
    listAll(question, type, selector, namespace);
  const planes = await asked('control planes are ready', async () => {
    const [deployments, pods] = await Promise.all([list(DEPLOYMENT, labels), list(POD, labels)]);
    const wanted = deployments.map((one) => ({ ...(one as Resource), ...DEPLOYMENT }));
    const missing = missingOf(wanted, { definitions: [], deployments, pods });
    const istiods = deployments.filter((one) => labelsOf(one)['operator.istio.io/component'] === 'Pilot');
    return [
      checkOf(
        'a control plane is installed',
        istiods.length > 0 ? [] : ['no Deployment of a control plane is in the cluster'],
        { hint: 'Install one with "mesh install".' },
      ),
      ...deployments.map((one): Check => {
        const { name, namespace } = metaOf(one);
        const open = missing.find((each) => each.name === `Deployment ${namespace}/${name}`);
        return checkOf(
          `${namespace}/${name} is ready`,
          open === undefined ? [] : [troubleText(open.text, open.trouble)],
          { hint: open?.trouble?.hint ?? `See kubectl -n ${namespace} describe deployment ${name}.` },
        );
      }),
      ...skewChecks(istiods, version),
    ];
  });
  const definitions = await asked('kinds are defined', async () => {
    const found = await list(DEFINITION, DEFINITION_SELECTOR);
    const wanted = found.map((one) => ({ ...(one as Resource), ...DEFINITION }));
    const missing = missingOf(wanted, { definitions: found, deployments: [], pods: [] });
    return [
      checkOf(
        `${found.length} kinds are defined and established`,
        found.length === 0 ? ['no definition of ours is in the cluster'] : missing.map(({ text }) => text),
        { hint: 'Run "mesh install" again, which puts them there.' },
      ),
    ];
  });
  return [
    { categoryName: 'control-plane', checks: planes },
    { categoryName: 'definitions', checks: definitions },
    { categoryName: 'webhooks', checks: await asked('webhooks are complete', () => webhooks(question)) },
    { categoryName: 'data-plane', checks: await asked('the data plane is well', () => dataPlane(question)) },
  ];
}

function skewChecks(istiods: readonly ApiObject[], version: string): readonly Check[] {
  return istiods.map((one) => {
    const { name, namespace } = metaOf(one);
    const own = labelsOf(one)['app.kubernetes.io/version'] ?? version;
    const skew = Math.abs(
      Math.floor(rankedVersion(own) / 1_000) - Math.floor(rankedVersion(version) / 1_000),
    );
    return checkOf(
      `${namespace}/${name} ${own} fits mesh ${version}`,
      skew <= 1 ? [] : [`they are ${skew} minor releases apart`],
      { hint: 'Use a mesh of the release of the control plane, or "mesh upgrade".', level: 'warning' },
    );
  });
}

/** A webhook without a certificate, or whose Service has no pod, keeps every pod out that it is asked about. */
async function webhooks(question: HealthQuestion): Promise<readonly Check[]> {
  const labels = ownedSelector();
  const [mutating, validating] = await Promise.all([
    listAll(question, MUTATING, labels),
    listAll(question, VALIDATING, labels),
  ]);
  const namespaces = new Set(
    [...mutating, ...validating].flatMap(servicesOf).map((name) => name.split('/', 1)[0]),
  );
  const slices = (
    await Promise.all([...namespaces].map((namespace) => listAll(question, SLICE, undefined, namespace)))
  ).flat();
  return [...mutating, ...validating].flatMap((one): readonly Check[] => {
    const { name } = metaOf(one);
    const clients = clientsOf(one);
    const deaf = servicesOf(one).filter((service) => !slices.some((slice) => isServed(slice, service)));
    const bare = clients.filter(({ caBundle }) => typeof caBundle !== 'string' || caBundle === '');
    return [
      checkOf(
        `${name} has the certificate of its control plane`,
        bare.length === 0 ? [] : [`${bare.length} of ${clients.length} webhooks have none yet`],
        {
          hint: 'The control plane puts it there as soon as it runs; see its log if that lasts.',
          level: 'warning',
        },
      ),
      checkOf(
        `${name} reaches its control plane`,
        deaf.map((service) => `the Service ${service} has no ready pod`),
        { hint: 'See whether the control plane runs, above.' },
      ),
    ];
  });
}

function clientsOf(object: ApiObject): readonly Readonly<Record<string, unknown>>[] {
  return webhookList(object).map((webhook) =>
    isTree(webhook['clientConfig']) ? webhook['clientConfig'] : {},
  );
}

/** The Services that the webhooks of a configuration call, as `namespace/name`. */
function servicesOf(object: ApiObject): readonly string[] {
  const names = clientsOf(object).flatMap(({ service }) =>
    isTree(service) ? [`${String(service['namespace'])}/${String(service['name'])}`] : [],
  );
  return [...new Set(names)];
}

function isServed(slice: ApiObject, service: string): boolean {
  const { namespace } = metaOf(slice);
  if (`${namespace}/${labelsOf(slice)['kubernetes.io/service-name']}` !== service) return false;
  const { endpoints } = slice as {
    readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[];
  };
  return (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
}

/** Namespaces that name a revision that is not there, and pods whose sidecar is not ready or of another release. */
async function dataPlane(question: HealthQuestion): Promise<readonly Check[]> {
  const [namespaces, injectors, pods] = await Promise.all([
    listAll(question, NAMESPACE, undefined),
    listAll(question, MUTATING, 'istio.io/rev'),
    listAll(question, POD, 'security.istio.io/tlsMode'),
  ]);
  const known = new Set(injectors.map((one) => labelsOf(one)[TAG_LABEL] ?? labelsOf(one)['istio.io/rev']));
  const lost = namespaces.flatMap((one) => {
    const { 'istio.io/rev': revision, 'istio-injection': injection } = labelsOf(one);
    const wanted = injection === 'enabled' ? 'default' : injection === undefined ? revision : undefined;
    return wanted === undefined || known.has(wanted)
      ? []
      : [`${metaOf(one).name} names ${wanted}, which no control plane or tag is called`];
  });
  const unready = pods
    .filter((pod) => !isProxyReady(pod))
    .map((pod) => `${metaOf(pod).namespace}/${metaOf(pod).name}`);
  return [
    checkOf('namespaces name control planes that are there', lost, {
      hint: 'See "mesh tag list"; lead a tag there with "mesh tag set", or change the label of the namespace.',
    }),
    checkOf(`sidecars are ready (${pods.length} pods)`, unready, {
      hint: 'See "mesh proxy-status", and kubectl logs POD -c istio-proxy.',
      level: 'warning',
    }),
  ];
}

function isProxyReady({ status }: ApiObject): boolean {
  const { containerStatuses, initContainerStatuses } = (status ?? {}) as Readonly<
    Record<string, readonly { readonly name?: string; readonly ready?: boolean }[] | undefined>
  >;
  const proxy = [...(containerStatuses ?? []), ...(initContainerStatuses ?? [])].find(
    ({ name }) => name === 'istio-proxy',
  );
  return proxy?.ready !== false;
}

export function listAll(
  { client, signal }: Pick<HealthQuestion, 'client' | 'signal'>,
  type: TypeName,
  labels: string | undefined,
  namespace?: string,
): Promise<readonly ApiObject[]> {
  return listObjects(client, listPath(type, namespace), {
    signal,
    ...(labels === undefined ? {} : { labels }),
  });
}

function webhookList(object: ApiObject): readonly Readonly<Record<string, unknown>>[] {
  const { webhooks: list } = object as { readonly webhooks?: unknown };
  return Array.isArray(list) ? (list as readonly unknown[]).filter(isTree) : [];
}

export function metaOf({ metadata }: ApiObject): { readonly name: string; readonly namespace: string } {
  const { name, namespace } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  return { name: String(name), namespace: String(namespace) };
}

function labelsOf({ metadata }: ApiObject): Readonly<Record<string, string | undefined>> {
  return (metadata as { readonly labels?: Readonly<Record<string, string>> } | undefined)?.labels ?? {};
}
