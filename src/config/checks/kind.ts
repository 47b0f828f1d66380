/** Is there such a kind, in such a version, and does it still exist in today's Istio? */

import { editDistance, nearestName } from '../../base/nearest.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KindInfo } from '../../api/kind-info.ts';
import type { MeshObject } from '../object.ts';
import type { RuleReport } from '../rules/rule.ts';
import { KUBERNETES_KINDS } from './kubernetes-kinds.ts';

/** Kinds by group. A group of which we define the kinds is known as a whole. */
const ownKinds = new Map<string, KindInfo[]>();
const groups = new Set<string>();
for (const info of KINDS) {
  groups.add(info.group);
  if (info.external || info.scope === 'File') continue;
  const kinds = ownKinds.get(info.group);
  if (kinds === undefined) ownKinds.set(info.group, [info]);
  else kinds.push(info);
}

/**
 * Reports an unknown kind of a group that the mesh defines, an unknown version, and what is deprecated or
 * gone. Other groups are other people's: nothing is said of them.
 */
export function checkKind(object: MeshObject, report: RuleReport): void {
  const { info } = object;
  if (info === undefined) checkUnknownKind(object, report);
  // Of the core group there has only ever been one version; other groups of Kubernetes had more than we list.
  else if ((!info.external || info.group === '') && info.scope !== 'File') checkVersion(object, info, report);
}

function checkUnknownKind(object: MeshObject, report: RuleReport): void {
  const { group, kind } = object;
  const kinds = ownKinds.get(group);
  if (kinds === undefined) {
    checkUnknownGroup(object, report);
    return;
  }
  const names = kinds.map((info) => info.kind);
  const nearest = nearestName(kind, names);
  const elsewhere = findElsewhere(kind, group);
  report.error(['kind'], `the API group ${group} has no kind ${kind}`, {
    check: 'UnknownKind',
    hint:
      elsewhere !== undefined
        ? `Write apiVersion: ${apiVersionOf(elsewhere)}, where ${kind} belongs.`
        : nearest !== undefined
          ? `Did you mean ${nearest}?`
          : `It has ${names.join(', ')}.`,
  });
}

/** Letters that a group may be off and still be taken for a slip: real groups differ by more. */
const GROUP_SLIP = 2;

/** The same for kinds: `Config`, which no cluster knows either, stays apart from `ConfigMap`. */
const KIND_SLIP = 2;

/** A slip in the group would make everything of the object pass unseen. */
function checkUnknownGroup(object: MeshObject, report: RuleReport): void {
  const { group, kind } = object;
  const elsewhere = findElsewhere(kind, group);
  if (elsewhere === undefined) {
    checkKubernetesKind(object, report);
    return;
  }
  if (group === '') {
    report.error(['apiVersion'], `the core API has no kind ${kind}`, {
      check: 'UnknownKind',
      hint: `Write apiVersion: ${apiVersionOf(elsewhere)}.`,
    });
  } else if (!groups.has(group) && editDistance(group, elsewhere.group) <= GROUP_SLIP) {
    report.warn(['apiVersion'], `the API group ${group} is not known, so ${kind} is not checked`, {
      hint: `Did you mean ${elsewhere.group}?`,
    });
  }
}

/** Only what is surely a slip: a kind of another of these groups, or a name hardly different from a kind's. */
function checkKubernetesKind({ group, kind }: MeshObject, report: RuleReport): void {
  const own = KUBERNETES_KINDS.get(group);
  if (own === undefined || own.kinds.includes(kind)) return;
  const elsewhere = [...KUBERNETES_KINDS.values()].find(({ kinds }) => kinds.includes(kind));
  const nearest = nearestName(kind, own.kinds);
  const isSlip =
    nearest !== undefined && editDistance(kind.toLowerCase(), nearest.toLowerCase()) <= KIND_SLIP;
  if (elsewhere === undefined && !isSlip) return;
  report.error(['kind'], `${group === '' ? 'the core API' : `the API group ${group}`} has no kind ${kind}`, {
    check: 'UnknownKind',
    hint:
      elsewhere === undefined
        ? `Did you mean ${nearest}?`
        : `Write apiVersion: ${elsewhere.version}, where ${kind} belongs.`,
  });
}

/** The kind of that name in the group of ours that is most like the one given. */
function findElsewhere(kind: string, group: string): KindInfo | undefined {
  return [...ownKinds.values()]
    .flat()
    .filter((info) => info.kind === kind && info.group !== group)
    .toSorted((left, right) => editDistance(left.group, group) - editDistance(right.group, group))[0];
}

function apiVersionOf(info: KindInfo): string {
  const version = info.versions.find((one) => one.storage)?.name ?? info.versions[0]?.name ?? '';
  return `${info.group}/${version}`;
}

function checkVersion(object: MeshObject, info: KindInfo, report: RuleReport): void {
  const version = info.versions.find((one) => one.name === object.version);
  const served = info.versions.filter((one) => one.served).map((one) => one.name);
  if (version === undefined || !version.served) {
    report.error(
      ['apiVersion'],
      `${info.kind} has no version ${object.version === '' ? '(none given)' : object.version}`,
      {
        check: 'UnknownVersion',
        hint: `Use ${served.map((name) => (info.group === '' ? name : `${info.group}/${name}`)).join(' or ')}.`,
      },
    );
  } else if (info.legacy !== undefined) {
    report.warn(['kind'], `${info.kind} is no longer part of Istio`, {
      check: 'DeprecatedVersion',
      hint: info.legacy,
    });
  } else if (version.deprecated !== undefined) {
    report.warn(['apiVersion'], `${object.apiVersion} is deprecated for ${info.kind}`, {
      check: 'DeprecatedVersion',
      hint: version.deprecated,
    });
  }
}
