import { describe, expect, test } from 'vitest';
import { deniedRight, rightText, ruleText } from '../../src/kube/denied.ts';
import { ApiFailure } from '../../src/kube/failure.ts';

describe('the right that a refused request lacked', () => {
  test.each([
    [
      'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" at the cluster scope',
      'list deployments.apps',
      'a ClusterRole with the rule {apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"]}',
    ],
    [
      'pods "a" is forbidden: User "jane" cannot create resource "pods/portforward" in API group "" in the namespace "shop"',
      'create pods/portforward in namespace shop',
      'a Role in namespace shop with the rule {apiGroups: [""], resources: ["pods/portforward"], verbs: ["create", "get"]}',
    ],
    [
      'forbidden: User "system:anonymous" cannot get path "/version"',
      'get /version',
      'a ClusterRole with the rule {nonResourceURLs: ["/version"], verbs: ["get"]}',
    ],
  ])('is read from %s', (message, right, rule) => {
    const denied = deniedRight(new ApiFailure(403, message));
    expect(denied && [rightText(denied), ruleText(denied)]).toEqual([right, rule]);
  });

  test.each([
    [403, 'pods "a" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1'],
    [404, 'User "jane" cannot list resource "pods" in API group "" at the cluster scope'],
  ])('is none for %d %s', (status, message) => {
    expect(deniedRight(new ApiFailure(status, message))).toBeUndefined();
  });
});
