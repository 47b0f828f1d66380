/** Tags: stable names that lead pods to a revision of the control plane. */

import type { IstioOperatorSpec } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { MeshError } from '../base/mesh-error.ts';
import { installationOf } from './installation.ts';
import type { Resource } from './resource.ts';
import { tagWebhook } from './webhooks.ts';

export interface TagOptions {
  readonly tag: string;
  /** Version of this package. */
  readonly version: string;
  /** `istio-revision-tag-TAG` when left out. */
  readonly webhookName?: string | undefined;
  /** Whether the tag `default` also is for namespaces without labels. */
  readonly autoInject?: boolean;
}

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,54}[a-z0-9])?$/;

/**
 * The objects that make a tag lead to the revision of these settings. Throws a `MeshError` with code
 * `BadArgument` for a tag that is no DNS label, or that is the revision itself.
 */
export function tagManifest(spec: IstioOperatorSpec, options: TagOptions): readonly Resource[] {
  const { tag, version, webhookName = `istio-revision-tag-${tag}`, autoInject } = options;
  if (!LABEL.test(tag)) {
    throw new MeshError('BadArgument', `the tag is "${tag}", which is no DNS label`, {
      hint: 'Use small letters, digits and dashes, up to 56 of them.',
    });
  }
  if (tag === spec.revision) {
    throw new MeshError(
      'BadArgument',
      `the tag "${tag}" is called like the revision, so both would answer for it`,
      {
        hint: 'Choose another name for the tag.',
      },
    );
  }
  const values = spec.values ?? {};
  const webhook = {
    ...values.sidecarInjectorWebhook,
    ...(autoInject === true ? { enableNamespacesByDefault: true } : {}),
  };
  const installation = installationOf(
    { ...spec, values: { ...values, sidecarInjectorWebhook: webhook } },
    version,
  );
  return [tagWebhook(installation, tag, webhookName)];
}
