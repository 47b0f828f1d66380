/** Parts of an RBAC rule of Istio up to 1.5 as parts of an AuthorizationPolicy's. */

import type { KindTypes } from '../../api/generated/kind-types.ts';
import { MeshError } from '../../base/mesh-error.ts';

export type AccessRule = NonNullable<
  NonNullable<KindTypes['rbac.istio.io/ServiceRole']['spec']>['rules']
>[number];
type Subject = NonNullable<
  NonNullable<KindTypes['rbac.istio.io/ServiceRoleBinding']['spec']>['subjects']
>[number];

export interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

/** Fields of an operation, those that say something. */
export type Operation = Readonly<Record<string, readonly string[]>>;

/** Conditions that both APIs know by the same name. */
const SAME_KEYS =
  /^(?:destination\.(?:ip|port)|request\.headers\[.+\]|request\.auth\.(?:principal|audiences|presenter|claims\[.+\])|source\.(?:ip|namespace|principal)|experimental\.envoy\.filters\..+)$/;

/** What may be done, and what must hold besides. Throws a `MeshError` that names `place` for what has no counterpart. */
export function operationOf(
  access: AccessRule,
  place: string,
): { readonly operation: Operation; readonly conditions: readonly Condition[] } {
  const texts = (values: readonly (string | number)[] | undefined): readonly string[] =>
    (values ?? []).map(String);
  const fields: readonly (readonly [string, readonly string[]])[] = [
    ['hosts', texts(access.hosts)],
    ['notHosts', texts(access.notHosts)],
    ['ports', texts(access.ports)],
    ['notPorts', texts(access.notPorts)],
    ['methods', texts(access.methods)],
    ['notMethods', texts(access.notMethods)],
    ['paths', texts(access.paths)],
    ['notPaths', texts(access.notPaths)],
  ];
  const isAny = (name: string, values: readonly string[]): boolean =>
    values.length === 0 || (!name.startsWith('not') && values.includes('*'));
  return {
    operation: Object.fromEntries(fields.filter(([name, values]) => !isAny(name, values))),
    conditions: (access.constraints ?? []).map(({ key = '', values = [] }) => condition(key, values, place)),
  };
}

/** All that a subject must be. None for everybody. */
export function conditionsOfSubject(subject: Subject, place: string): readonly Condition[] {
  const { user, group, properties = {} } = subject;
  const listed = (
    key: string,
    values?: readonly string[],
    notValues?: readonly string[],
  ): readonly Condition[] => [
    ...((values ?? []).length > 0 ? [{ key, values: values ?? [] }] : []),
    ...((notValues ?? []).length > 0 ? [{ key, notValues: notValues ?? [] }] : []),
  ];
  return [
    // Everybody, also those who do not say who they are.
    ...(user === undefined || user === '*' ? [] : [{ key: 'source.principal', values: [user] }]),
    ...listed('source.principal', subject.names?.includes('*') ? [] : subject.names, subject.notNames),
    ...listed(
      'request.auth.claims[groups]',
      group === undefined ? subject.groups : [group],
      subject.notGroups,
    ),
    ...listed('source.namespace', subject.namespaces, subject.notNamespaces),
    ...listed('source.ip', subject.ips, subject.notIps),
    ...Object.entries(properties).map(([key, value]) => condition(key, [value], place)),
  ];
}

function condition(key: string, values: readonly string[], place: string): Condition {
  if (SAME_KEYS.test(key)) return { key, values };
  throw new MeshError(
    'CannotConvert',
    `the condition "${key}" has no counterpart in an AuthorizationPolicy`,
    {
      where: { object: place },
      hint: 'Leave it out of the role, convert, and write that policy by hand.',
    },
  );
}
