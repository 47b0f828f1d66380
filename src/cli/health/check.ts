/** What `mesh check` does. */

import type { MeshObject } from '../../config/object.ts';
import { explained } from '../../kube/explain.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { packageVersion } from '../../base/package-version.ts';
import { ownedSelector } from '../../install/owned.ts';
import { type ClusterFlags, openCluster, timeoutSignal } from '../cluster.ts';
import type { Context } from '../context.ts';
import { loadInput } from '../load-input.ts';
import { certificateChecks, certificatesOf, type Held } from './certificates.ts';
import { controlPlanes, type HealthQuestion, kubernetes, listAll, metaOf } from './control-plane.ts';
import { asked, type HealthFlags, reportHealth } from './health.ts';

export interface CheckFlags extends ClusterFlags, HealthFlags {
  readonly istioNamespace: string;
  readonly 'cert-days': number;
  readonly timeout: string;
}

/** Returns the exit code. Throws a `MeshError` when the cluster cannot be asked at all. */
export async function checkCluster(flags: CheckFlags, context: Context): Promise<number> {
  const { client } = await openCluster(flags, context);
  const question: HealthQuestion = {
    client,
    signal: timeoutSignal(flags.timeout),
    istioNamespace: flags.istioNamespace,
    version: packageVersion(),
  };
  try {
    const categories = [await kubernetes(question), ...(await controlPlanes(question))];
    let held: readonly Held[] = [];
    const unread = await asked('certificates can be read', async () => {
      held = await certificatesIn(question);
      return [];
    });
    const certificates = certificateChecks(held, flags['cert-days'], context.now());
    const all = [...categories, { ...certificates, checks: [...unread, ...certificates.checks] }];
    return await reportHealth(all, flags, context);
  } catch (error) {
    throw explained(error, client);
  }
}

/** Certificates of the control plane's namespace, of gateways' credentials beside it, and in webhooks. */
async function certificatesIn(question: HealthQuestion): Promise<readonly Held[]> {
  const { istioNamespace } = question;
  const [secrets, maps, mutating, validating] = await Promise.all([
    listAll(question, { apiVersion: 'v1', kind: 'Secret' }, undefined, istioNamespace),
    listAll(question, { apiVersion: 'v1', kind: 'ConfigMap' }, undefined, istioNamespace),
    listAll(
      question,
      { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' },
      ownedSelector(),
    ),
    listAll(
      question,
      { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
      ownedSelector(),
    ),
  ]);
  const held = [
    ...secrets.flatMap((one) => certificatesOf(asObject(one, 'Secret'))),
    ...maps.flatMap((one) => certificatesOf(asObject(one, 'ConfigMap'))),
    ...[...mutating, ...validating].flatMap(bundlesOf),
  ];
  // Webhooks of one configuration have one bundle.
  return [...new Map(held.map((one) => [`${one.name}\n${one.pem}`, one])).values()];
}

function bundlesOf(object: ApiObject): readonly Held[] {
  const { webhooks = [] } = object as {
    readonly webhooks?: readonly { readonly clientConfig?: { readonly caBundle?: string } }[];
  };
  return webhooks.flatMap(({ clientConfig }) => {
    const bundle = clientConfig?.caBundle ?? '';
    if (bundle === '') return [];
    return [
      { name: `caBundle of ${metaOf(object).name}`, pem: Buffer.from(bundle, 'base64').toString('utf8') },
    ];
  });
}

function asObject(object: ApiObject, kind: string): Pick<MeshObject, 'kind' | 'meta' | 'value'> {
  const { name, namespace } = metaOf(object);
  return { kind, meta: { name, namespace, labels: {}, annotations: {} }, value: object };
}

/** The certificates of files alone. Returns the exit code. */
export async function checkFiles(
  paths: readonly string[],
  flags: Pick<CheckFlags, 'cert-days' | 'output' | 'strict'>,
  context: Context,
): Promise<number> {
  const { objects } = await loadInput(paths, { strictFiles: false, knownExtensionsOnly: true }, context);
  const held = objects
    .filter(({ key }) => key === 'core/Secret' || key === 'core/ConfigMap')
    .flatMap((object) => certificatesOf(object));
  return reportHealth([certificateChecks(held, flags['cert-days'], context.now())], flags, context);
}
