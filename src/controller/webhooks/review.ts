/**
 * What the API server asks a webhook, and what it is answered: AdmissionReview of `v1` and `v1beta1`.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */

import { MeshError } from '../../base/mesh-error.ts';
import { getKey, isMap, type Json, type JsonMap } from '../../inject/yaml/value.ts';
import type { PatchOperation } from './json-patch.ts';

const VERSIONS: readonly string[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'];

export interface AdmissionRequest {
  /** Of the review: the answer must have the same. */
  readonly apiVersion: string;
  readonly uid: string;
  /** Empty for what is in no namespace. */
  readonly namespace: string;
  /** `CREATE`, `UPDATE`, `DELETE` or `CONNECT`. */
  readonly operation: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  /** `group`, `version` and `resource` of the request's address. */
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  /** What is to be; undefined where something is deleted. */
  readonly object: JsonMap | undefined;
}

/** What a webhook decides. */
export type Verdict =
  | {
      readonly allowed: true;
      readonly patch?: readonly PatchOperation[];
      readonly warnings?: readonly string[];
    }
  | { readonly allowed: false; readonly code: number; readonly message: string };

/** Reads a review. Throws a `MeshError` for what is none, which cannot be answered with one. */
export function readReview(text: string): AdmissionRequest {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new MeshError('BadReview', 'the body is no JSON', { cause: error });
  }
  const apiVersion = textOf(value, 'apiVersion');
  if (textOf(value, 'kind') !== 'AdmissionReview' || !VERSIONS.includes(apiVersion)) {
    throw new MeshError('BadReview', `the body must be an AdmissionReview of ${VERSIONS.join(' or ')}`);
  }
  const request = getKey(value, 'request');
  const uid = textOf(request, 'uid');
  if (uid === '' || uid.length > MAX_UID) throw new MeshError('BadReview', 'the review has no request.uid');
  const namespace = textOf(request, 'namespace');
  if (namespace.length > MAX_NAME) {
    throw new MeshError('BadReview', `request.namespace has more than ${MAX_NAME} letters`);
  }
  const kind = getKey(request, 'kind');
  const resource = getKey(request, 'resource');
  const object = getKey(request, 'object');
  return {
    apiVersion,
    uid,
    namespace,
    operation: textOf(request, 'operation'),
    kind: {
      group: textOf(kind, 'group'),
      version: textOf(kind, 'version'),
      kind: textOf(kind, 'kind'),
    },
    resource: {
      group: textOf(resource, 'group'),
      version: textOf(resource, 'version'),
      resource: textOf(resource, 'resource'),
    },
    object: isMap(object) ? object : undefined,
  };
}

/** The answer as text. */
export function reviewText({ apiVersion, uid }: AdmissionRequest, verdict: Verdict): string {
  return JSON.stringify({ apiVersion, kind: 'AdmissionReview', response: { uid, ...responseOf(verdict) } });
}

function responseOf(verdict: Verdict): object {
  if (!verdict.allowed) {
    const { code, message } = verdict;
    return { allowed: false, status: { code, message: bounded(message, MAX_MESSAGE) } };
  }
  const { patch = [], warnings = [] } = verdict;
  return {
    allowed: true,
    ...(patch.length === 0
      ? {}
      : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...(warnings.length === 0
      ? {}
      : { warnings: warnings.slice(0, MAX_WARNINGS).map((one) => bounded(one, MAX_WARNING)) }),
  };
}

/** A Kubernetes uid has 36 letters. */
const MAX_UID = 256;
const MAX_NAME = 253;
const MAX_MESSAGE = 4096;
/** The API server cuts off warnings after 4096 letters together. */
const MAX_WARNINGS = 10;
const MAX_WARNING = 400;

function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function textOf(value: Json | undefined, key: string): string {
  const found = getKey(value, key);
  return typeof found === 'string' ? found : '';
}
