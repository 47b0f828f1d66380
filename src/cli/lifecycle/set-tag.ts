/** Makes a tag lead to a revision of a cluster. */

import { MeshError } from '../../base/mesh-error.ts';
import { settingsOf } from '../../install/render.ts';
import { type Resource, resourceName } from '../../install/resource.ts';
import { isTree } from '../../install/setting-path.ts';
import { tagManifest } from '../../install/tag.ts';
import { applyObject } from '../../kube/apply.ts';
import { explained } from '../../kube/explain.ts';
import { persisting } from '../../kube/patience.ts';
import type { Cluster } from '../cluster.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { packageParts } from '../package-parts.ts';
import { installations } from './stored.ts';
import { injectors, tagConflicts } from './tags.ts';

export interface TagChoice {
  readonly tag: string;
  /** `default` for the control plane without one. */
  readonly revision: string;
  readonly overwrite: boolean;
  /** Go on although something else answers for the same pods. */
  readonly force: boolean;
  readonly webhookName: string | undefined;
  readonly autoInject: boolean;
  readonly istioNamespace: string;
}

/** Returns the exit code. Throws a `MeshError` for a revision that is not there, or a tag that may not be changed. */
export async function setTag({ client }: Cluster, choice: TagChoice, context: Context): Promise<number> {
  const { signal } = new AbortController();
  const { tag, revision } = choice;
  const parts = packageParts();
  const webhooks = await injectors(client, signal);
  const conflicts = tagConflicts(webhooks, choice);
  for (const conflict of conflicts) context.stderr.write(`Warning: ${conflict}\n`);
  if (conflicts.length > 0 && !choice.force) {
    throw new MeshError('TagConflict', 'creating the tag would conflict', {
      hint: 'Pass --skip-confirmation to proceed.',
    });
  }
  const stored = (await installations(client, choice.istioNamespace, signal)).find(
    (one) => one.revision === revision,
  );
  const { spec } = await settingsOf(
    {
      files: [],
      sets: [],
      revision: revision === 'default' ? '' : revision,
      namespace: stored?.namespace ?? choice.istioNamespace,
      earlier: stored?.layers ?? [],
    },
    parts,
  );
  const { webhookName, autoInject } = choice;
  const bundle = caBundleOf(webhooks.find((one) => one.metadata.labels?.['istio.io/rev'] === revision));
  for (const resource of tagManifest(spec, { tag, version: parts.version, webhookName, autoInject })) {
    const applied = withCaBundle(resource, bundle);
    try {
      await persisting(() => applyObject(client, applied, { signal }), { signal });
    } catch (error) {
      throw explained(error, client, resourceName(resource));
    }
  }
  context.stdout.write(
    `Revision tag "${tag}" created, referencing control plane revision "${revision}". To enable injection using ` +
      `this revision tag, use 'kubectl label namespace <NAMESPACE> istio.io/rev=${tag}'\n`,
  );
  return EXIT.ok;
}

/** The certificate that the control plane has put into its own webhook. */
function caBundleOf(webhook: Resource | undefined): string | undefined {
  const list = webhook?.['webhooks'];
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  const client = isTree(first) ? first['clientConfig'] : undefined;
  const bundle = isTree(client) ? client['caBundle'] : undefined;
  return typeof bundle === 'string' ? bundle : undefined;
}

/** Works at once, and not only when the control plane finds the webhook. */
function withCaBundle(resource: Resource, caBundle: string | undefined): Resource {
  const { webhooks } = resource as { readonly webhooks?: readonly { readonly clientConfig: object }[] };
  if (caBundle === undefined || webhooks === undefined) return resource;
  return {
    ...resource,
    webhooks: webhooks.map((one) => ({ ...one, clientConfig: { caBundle, ...one.clientConfig } })),
  };
}
