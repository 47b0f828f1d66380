/** Which right a refused request lacked, as the API server words it, and the rule that gives it. */

import type { ApiFailure } from './failure.ts';

export interface DeniedRight {
  readonly verb: string;
  /** Plural of the kind, with a subresource behind a slash where one is meant; a path such as `/version` as it is. */
  readonly resource: string;
  readonly group: string;
  /** Undefined for the whole cluster. */
  readonly namespace: string | undefined;
}

/**
 * What the authorizer of Kubernetes says. Quotas, Pod Security and webhooks answer 403, too, and say it otherwise.
 * https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/responsewriters/errors.go
 */
const WORDS =
  /cannot ([a-z]+) (?:resource "([^"]+)" in API group "([^"]*)" (?:in the namespace "([^"]+)"|at the cluster scope)|path "([^"]+)")/;

/** The right that the failure is about; undefined when it is about something else. */
export function deniedRight(failure: ApiFailure): DeniedRight | undefined {
  if (failure.status !== 403) return undefined;
  const match = WORDS.exec(failure.message);
  if (match === null) return undefined;
  const [, verb = '', resource, group = '', namespace, path = ''] = match;
  return { verb, resource: resource ?? path, group, namespace };
}

/**
 * Connections into pods are opened with GET, and servers from 1.35 on want the right to create beside it.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
 */
const STREAMS: ReadonlySet<string> = new Set(['pods/exec', 'pods/portforward']);

/** `a ClusterRole with the rule {apiGroups: [""], resources: ["pods"], verbs: ["list"]}`. */
export function ruleText({ verb, resource, group, namespace }: DeniedRight): string {
  if (resource.startsWith('/')) {
    return `a ClusterRole with the rule {nonResourceURLs: ["${resource}"], verbs: ["${verb}"]}`;
  }
  const role = namespace === undefined ? 'a ClusterRole' : `a Role in namespace ${namespace}`;
  const verbs = STREAMS.has(resource) ? '"create", "get"' : `"${verb}"`;
  return `${role} with the rule {apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${verbs}]}`;
}

/** `pods`, `deployments.apps in namespace shop`. */
export function rightText({ verb, resource, group, namespace }: DeniedRight): string {
  const name = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${name}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}
