/** Which DestinationRule holds for a client and a host. */

import { isDeepStrictEqual } from 'node:util';
import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { byAge, creationTime } from './age.ts';
import { fullHostname, hostCovers } from './hosts.ts';
import { type Labels, matchesLabels } from './selectors.ts';

export type DestinationRuleObject = MeshObject<KindTypes['networking.istio.io/DestinationRule']>;
export type DestinationRuleSpec = NonNullable<KindTypes['networking.istio.io/DestinationRule']['spec']>;
export type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;
export type Subset = NonNullable<DestinationRuleSpec['subsets']>[number];

export interface DestinationRule {
  readonly name: string;
  readonly namespace: string;
  readonly created: string;
  readonly apiVersion: string;
  /** Full name, or a wildcard. */
  readonly host: string;
  /** As written; empty when nothing is said. A rule for certain workloads is for its own namespace. */
  readonly exportTo: ReadonlySet<string>;
  readonly workloadSelector: Labels | undefined;
  readonly trafficPolicy: TrafficPolicy | undefined;
  /** Those of younger rules for the same host included, the first of a name. */
  readonly subsets: readonly Subset[];
}

export interface DestinationRuleClient {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Rules of one host that were put together, in the order in which they count. */
interface RulesOfHost {
  readonly host: string;
  rules: Merged[];
}

/** One rule, or several that became one; `exportTo` as written, an empty set for nothing said. */
interface Merged {
  rule: DestinationRule;
  readonly exportTo: ReadonlySet<string>;
}

/** Rules by host, as one circle of clients meets them. */
class RulesByHost {
  readonly #exact = new Map<string, RulesOfHost>();
  readonly #wildcards = new Map<string, RulesOfHost>();

  /**
   * Rules that are exported alike are one: the oldest one's policy, the subsets of all, the first of a name. One
   * that is exported further than an earlier one adds to that, and holds by itself too.
   */
  add(rule: DestinationRule): void {
    const index = rule.host.startsWith('*') ? this.#wildcards : this.#exact;
    const { exportTo } = rule;
    let found = index.get(rule.host);
    if (found === undefined) index.set(rule.host, (found = { host: rule.host, rules: [] }));
    let isSeparate = true;
    for (const earlier of found.rules) {
      const reachesAll = [...earlier.exportTo].every((name) => exportTo.has(name));
      const isAlike = reachesAll && exportTo.size === earlier.exportTo.size;
      isSeparate = !isAlike;
      if (!isAlike && (earlier.exportTo.size === 0 || !reachesAll)) continue;
      const [own, its] = [rule.workloadSelector, earlier.rule.workloadSelector];
      if (own !== undefined && its !== undefined && !isDeepStrictEqual(own, its)) {
        isSeparate = true;
        continue;
      }
      if ((own === undefined) === (its === undefined)) isSeparate = false;
      earlier.rule = mergeRules(earlier.rule, rule);
    }
    if (isSeparate) found.rules.push({ rule, exportTo });
  }

  /** The rules of the most specific host that covers a name. */
  covering(host: string): readonly Merged[] | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact.rules;
    let best: RulesOfHost | undefined;
    for (const one of this.#wildcards.values()) {
      if (!hostCovers(one.host, host)) continue;
      if (best === undefined || one.host.length > best.host.length) best = one;
    }
    return best?.rules;
  }
}

/** The rules of a namespace: for its own proxies, for others, and those that are for nobody else. */
interface NamespaceRules {
  readonly local: RulesByHost;
  readonly exported: RulesByHost;
  readonly closed: RulesByHost;
}

export class DestinationRuleIndex {
  readonly #rootNamespace: string;
  readonly #byNamespace = new Map<string, NamespaceRules>();

  constructor(
    objects: readonly DestinationRuleObject[],
    namespaceOf: (object: MeshObject) => string,
    settings: {
      readonly domain: string;
      readonly exportTo: readonly string[];
      readonly rootNamespace: string;
    },
  ) {
    this.#rootNamespace = settings.rootNamespace;
    // Those for certain workloads go first.
    const rules = objects
      .map((object) => readRule(object, namespaceOf(object), settings))
      .sort(
        (a, b) =>
          Number(a.workloadSelector === undefined) - Number(b.workloadSelector === undefined) || byAge(a, b),
      );
    for (const rule of rules) this.#add(rule, settings.exportTo);
  }

  #add(rule: DestinationRule, meshDefault: readonly string[]): void {
    const { namespace, exportTo } = rule;
    let found = this.#byNamespace.get(namespace);
    if (found === undefined) {
      found = { local: new RulesByHost(), exported: new RulesByHost(), closed: new RulesByHost() };
      this.#byNamespace.set(namespace, found);
    }
    const isLocal = exportTo.size === 0 || ['*', '.', namespace].some((name) => exportTo.has(name));
    if (isLocal) found.local.add(rule);
    const isClosed =
      exportTo.size === 0
        ? meshDefault.includes('.')
        : exportTo.size === 1 && (exportTo.has('.') || exportTo.has(namespace));
    (isClosed ? found.closed : found.exported).add(rule);
  }

  /**
   * The rule of the client's own namespace for the host, else one of the service's namespace, else one of the
   * root namespace. The most specific host of a namespace counts: when its rules are not for the client, none of
   * the wider ones takes their place. Clients of the root namespace meet its rules last, but for those that it
   * keeps to itself.
   * https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration
   */
  find(host: string, serviceNamespace: string, client: DestinationRuleClient): DestinationRule | undefined {
    const isRoot = client.namespace === this.#rootNamespace;
    const own = this.#byNamespace.get(client.namespace);
    const rules =
      (isRoot ? own?.closed : own?.local)?.covering(host) ??
      this.#exported(serviceNamespace, host, client.namespace) ??
      this.#exported(this.#rootNamespace, host, client.namespace);
    return rules === undefined ? undefined : ruleForClient(rules, client);
  }

  #exported(namespace: string, host: string, viewer: string): readonly Merged[] | undefined {
    const shown = this.#byNamespace
      .get(namespace)
      ?.exported.covering(host)
      ?.filter(({ exportTo }) => exportTo.size === 0 || exportTo.has('*') || exportTo.has(viewer));
    return shown === undefined || shown.length === 0 ? undefined : shown;
  }
}

/** A rule for the client's workload, else the last of those for all. */
function ruleForClient(rules: readonly Merged[], client: DestinationRuleClient): DestinationRule | undefined {
  const chosen = rules.find(
    ({ rule }) =>
      rule.workloadSelector !== undefined &&
      rule.namespace === client.namespace &&
      matchesLabels(rule.workloadSelector, client.labels),
  );
  return (chosen ?? rules.findLast(({ rule }) => rule.workloadSelector === undefined))?.rule;
}

/** Policy and name of the earlier one, and the subsets of both. */
function mergeRules(earlier: DestinationRule, later: DestinationRule): DestinationRule {
  const names = new Set(earlier.subsets.map(({ name }) => name));
  return {
    ...earlier,
    trafficPolicy: earlier.trafficPolicy ?? later.trafficPolicy,
    subsets: [...earlier.subsets, ...later.subsets.filter(({ name }) => !names.has(name))],
  };
}

function readRule(
  object: DestinationRuleObject,
  namespace: string,
  settings: { readonly domain: string },
): DestinationRule {
  const spec = object.value.spec ?? {};
  const selector =
    spec.workloadSelector === undefined ? undefined : (spec.workloadSelector.matchLabels ?? {});
  return {
    name: object.meta.name,
    namespace,
    created: creationTime(object),
    apiVersion: object.apiVersion,
    host: fullHostname(spec.host ?? '', namespace, settings.domain),
    exportTo: new Set(selector === undefined ? spec.exportTo : ['.']),
    workloadSelector: selector,
    trafficPolicy: spec.trafficPolicy,
    subsets: spec.subsets ?? [],
  };
}
