/** Which DestinationRule holds for a client and a host. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { byAge, creationTime } from './age.ts';
import { fullHostname, hostCovers } from './hosts.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import { type Visibility, isVisibleFrom, visibilityOf } from './visibility.ts';

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
  readonly visibility: Visibility;
  readonly workloadSelector: Labels | undefined;
  readonly trafficPolicy: TrafficPolicy | undefined;
  /** Those of younger rules for the same host included, the first of a name. */
  readonly subsets: readonly Subset[];
}

export interface DestinationRuleClient {
  readonly namespace: string;
  readonly labels: Labels;
}

interface NamespaceRules {
  readonly exact: ReadonlyMap<string, readonly DestinationRule[]>;
  readonly wildcards: readonly DestinationRule[];
}

function indexRules(rules: readonly DestinationRule[]): NamespaceRules {
  const isWild = ({ host }: DestinationRule) => host.startsWith('*');
  return {
    exact: Map.groupBy(
      rules.filter((rule) => !isWild(rule)),
      ({ host }) => host,
    ),
    wildcards: rules.filter(isWild),
  };
}

export class DestinationRuleIndex {
  readonly #rootNamespace: string;
  readonly #byNamespace: ReadonlyMap<string, NamespaceRules>;

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
    const rules = objects.map((object) => readRule(object, namespaceOf(object), settings)).sort(byAge);
    const byNamespace = new Map<string, DestinationRule[]>();
    for (const rule of rules) {
      const list = byNamespace.get(rule.namespace);
      if (list === undefined) byNamespace.set(rule.namespace, [rule]);
      else addRule(list, rule);
    }
    this.#byNamespace = new Map([...byNamespace].map(([name, list]) => [name, indexRules(list)]));
  }

  /**
   * The rule of the client's own namespace for the host, else one of the service's namespace, else one of the
   * root namespace, as far as they are shown to the client. The most specific host of a namespace counts.
   * https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration
   */
  find(host: string, serviceNamespace: string, client: DestinationRuleClient): DestinationRule | undefined {
    const isRoot = client.namespace === this.#rootNamespace;
    return (
      this.#in(client.namespace, host, client, isRoot ? 'own' : 'any') ??
      this.#in(serviceNamespace, host, client, 'shown') ??
      this.#in(this.#rootNamespace, host, client, 'shown')
    );
  }

  #in(
    namespace: string,
    host: string,
    client: DestinationRuleClient,
    which: 'any' | 'own' | 'shown',
  ): DestinationRule | undefined {
    const rules = this.#byNamespace.get(namespace);
    if (rules === undefined) return undefined;
    const covering = rules.wildcards.filter((rule) => hostCovers(rule.host, host));
    const candidates = [...(rules.exact.get(host) ?? []), ...covering].filter((rule) => {
      if (rule.workloadSelector !== undefined) {
        return namespace === client.namespace && matchesLabels(rule.workloadSelector, client.labels);
      }
      if (which === 'shown') return isVisibleFrom(rule.visibility, client.namespace);
      return which === 'any' || !rule.visibility.all;
    });
    return candidates.reduce<DestinationRule | undefined>(
      (best, rule) => (best === undefined || isMoreSpecific(rule, best) ? rule : best),
      undefined,
    );
  }
}

/** A rule for certain workloads counts before one for all; then an exact host, then the longer wildcard. */
function isMoreSpecific(a: DestinationRule, b: DestinationRule): boolean {
  const [wildA, wildB] = [a.host.startsWith('*'), b.host.startsWith('*')];
  if (wildA !== wildB) return wildB;
  if (a.host !== b.host) return a.host.length > b.host.length;
  return a.workloadSelector !== undefined && b.workloadSelector === undefined;
}

function readRule(
  object: DestinationRuleObject,
  namespace: string,
  settings: { readonly domain: string; readonly exportTo: readonly string[] },
): DestinationRule {
  const spec = object.value.spec ?? {};
  const selector = spec.workloadSelector?.matchLabels;
  return {
    name: object.meta.name,
    namespace,
    created: creationTime(object),
    apiVersion: object.apiVersion,
    host: fullHostname(spec.host ?? '', namespace, settings.domain),
    visibility: visibilityOf(spec.exportTo, namespace, settings.exportTo),
    workloadSelector: selector !== undefined && Object.keys(selector).length > 0 ? selector : undefined,
    trafficPolicy: spec.trafficPolicy,
    subsets: spec.subsets ?? [],
  };
}

/** Rules for one host with the same reach are one: the oldest one's policy, the subsets of all. */
function addRule(list: DestinationRule[], rule: DestinationRule): void {
  const at = list.findIndex(
    (other) =>
      other.host === rule.host &&
      other.workloadSelector === undefined &&
      rule.workloadSelector === undefined &&
      sameVisibility(other.visibility, rule.visibility),
  );
  const older = list[at];
  if (older === undefined) {
    list.push(rule);
    return;
  }
  const names = new Set(older.subsets.map(({ name }) => name));
  list[at] = {
    ...older,
    trafficPolicy: older.trafficPolicy ?? rule.trafficPolicy,
    subsets: [...older.subsets, ...rule.subsets.filter(({ name }) => !names.has(name))],
  };
}

function sameVisibility(a: Visibility, b: Visibility): boolean {
  if (a.all || b.all) return a.all && b.all;
  return a.namespaces.size === b.namespaces.size && [...a.namespaces].every((one) => b.namespaces.has(one));
}
