/** References between other kinds: roles of a binding, delegates of a VirtualService, routes of SMI targets. */

import type { FieldPath } from '../../base/field-path.ts';
import { nearestName } from '../../base/nearest.ts';
import type { KindKey } from '../../api/kind-info.ts';
import type { MeshObject } from '../object.ts';
import type { RuleReport } from '../rules/rule.ts';
import { fieldOf, listOf, spellingOf, textOf } from './fields.ts';
import type { ObjectNames } from './names.ts';

/** A reference that leads to nothing is a warning: the object may be in the cluster already. */
function reportMissing(
  report: RuleReport,
  path: FieldPath,
  { kind, namespace, name }: { kind: string; namespace: string; name: string },
  known: readonly string[],
): void {
  const nearest = nearestName(name, known);
  report.warn(path, `there is no ${kind} ${namespace}/${name} among the objects given`, {
    check: 'BrokenReference',
    ...(nearest === undefined ? {} : { hint: `Did you mean ${nearest}?` }),
  });
}

/** The ServiceRole of a ServiceRoleBinding is in the binding's namespace. */
export function checkRoleBinding(object: MeshObject, names: ObjectNames, report: RuleReport): void {
  const key: KindKey = 'rbac.istio.io/ServiceRole';
  if (!names.has(key)) return;
  const spec = object.value['spec'];
  const roleRef = fieldOf(spec, 'roleRef');
  const name = textOf(roleRef, 'name') || textOf(spec, 'role');
  const namespace = names.namespaceOf(object);
  if (name === '' || names.find(key, namespace, name) !== undefined) return;
  const path = roleRef === undefined ? ['spec', 'role'] : ['spec', spellingOf(spec, 'roleRef'), 'name'];
  reportMissing(report, path, { kind: 'ServiceRole', namespace, name }, names.namesIn(key, namespace));
}

/**
 * The VirtualService that a route delegates to. It must have no hosts, or it stands for itself.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
 */
export function checkDelegates(object: MeshObject, names: ObjectNames, report: RuleReport): void {
  const key: KindKey = 'networking.istio.io/VirtualService';
  for (const [index, route] of listOf(object.value['spec'], 'http').entries()) {
    const delegate = fieldOf(route, 'delegate');
    const name = textOf(delegate, 'name');
    if (name === '') continue;
    const namespace = textOf(delegate, 'namespace') || names.namespaceOf(object);
    const path = ['spec', 'http', index, 'delegate', 'name'];
    const target = names.find(key, namespace, name);
    if (target === undefined) {
      const known = names.namesIn(key, namespace).filter((other) => other !== object.meta.name);
      // With no other VirtualService there, the file was likely given by itself.
      if (known.length > 0) reportMissing(report, path, { kind: 'VirtualService', namespace, name }, known);
    } else if (listOf(target.value['spec'], 'hosts').length > 0) {
      report.warn(
        path,
        `the VirtualService ${namespace}/${name} has hosts, so nothing can be delegated to it`,
        {
          check: 'BrokenReference',
          hint: 'Remove the hosts of that VirtualService.',
        },
      );
    }
  }
}

/** Routes that a TrafficTarget or a TrafficSplit of SMI names, and the matches inside them. */
export function checkRouteGroups(object: MeshObject, names: ObjectNames, report: RuleReport): void {
  const hasSpec = fieldOf(object.value, 'spec') !== undefined;
  const base: FieldPath = hasSpec ? ['spec'] : [];
  const holder = hasSpec ? object.value['spec'] : object.value;
  const namespace = names.namespaceOf(object);
  for (const field of ['rules', 'specs', 'matches']) {
    for (const [index, reference] of listOf(holder, field).entries()) {
      const kind = textOf(reference, 'kind') || 'HTTPRouteGroup';
      const key: KindKey = `specs.smi-spec.io/${kind}`;
      const name = textOf(reference, 'name');
      if (name === '' || !names.has(key)) continue;
      const path = [...base, field, index];
      const group = names.find(key, namespace, name);
      if (group === undefined) {
        reportMissing(report, [...path, 'name'], { kind, namespace, name }, names.namesIn(key, namespace));
      } else if (kind === 'HTTPRouteGroup') {
        checkMatches(group, reference, path, report);
      }
    }
  }
}

function checkMatches(group: MeshObject, reference: unknown, path: FieldPath, report: RuleReport): void {
  const matches = listOf(fieldOf(group.value, 'spec') ?? group.value, 'matches');
  const known = matches.map((match) => textOf(match, 'name'));
  for (const [index, name] of listOf(reference, 'matches').entries()) {
    if (typeof name !== 'string' || name === '*' || known.includes(name)) continue;
    const nearest = nearestName(name, known);
    report.warn([...path, 'matches', index], `the HTTPRouteGroup ${group.meta.name} has no match ${name}`, {
      check: 'BrokenReference',
      ...(nearest === undefined ? {} : { hint: `Did you mean ${nearest}?` }),
    });
  }
}
