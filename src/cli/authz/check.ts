/** The AuthorizationPolicies that a proxy enforces, read from its listeners. */

import { tabwriter } from '../output/tabwriter.ts';
import { compareTexts } from '../proxy-config/cluster-name.ts';
import type { ConfigDump } from '../proxy-config/dump.ts';
import { field, isObject, list, text } from '../proxy-config/fields.ts';
import { chainsOf, isHttp, settingsOf } from '../proxy-config/filter-chain.ts';
import { listenersOf } from '../proxy-config/listeners.ts';

const ACTIONS = ['DENY', 'ALLOW', 'LOG', 'CUSTOM'] as const;

type Action = (typeof ACTIONS)[number];

export interface EnforcedPolicy {
  readonly action: Action;
  /** `name.namespace`; `_anonymous_match_nothing_` where nothing is let through. */
  readonly policy: string;
  readonly rules: number;
}

const HTTP_FILTER = 'envoy.filters.http.rbac';
const NETWORK_FILTER = 'envoy.filters.network.rbac';
const NOTHING = '_anonymous_match_nothing_';
const OTHER_AUTHORIZER = 'istio-ext-authz-';

/** How the control plane names the rules: `ns[shop]-policy[readers]-rule[0]`. */
const RULE_NAME = /ns\[(.+)\]-policy\[(.+)\]-rule\[(.+)\]/;

const PADDING = 3;

/** Sorted by action and name. */
export function enforcedPolicies(dump: ConfigDump): readonly EnforcedPolicy[] {
  const rules = new Map<string, Set<string>>();
  const add = (action: Action, policy: string, rule: string): void => {
    const key = `${action} ${policy}`;
    rules.set(key, (rules.get(key) ?? new Set()).add(rule));
  };
  for (const settings of rbacSettings(dump)) {
    const policies = namesOf(field(settings, 'rules', 'policies'));
    const action = actionOf(text(settings, 'rules', 'action'));
    if (policies.length === 0) add(action, NOTHING, '0');
    for (const name of policies) addNamed(name, (policy, rule) => add(action, policy, rule));
    for (const name of namesOf(field(settings, 'shadow_rules', 'policies'))) {
      if (name.startsWith(OTHER_AUTHORIZER)) addNamed(name, (policy, rule) => add('CUSTOM', policy, rule));
    }
  }
  return [...rules]
    .map(([key, found]) => {
      const [action = '', policy = ''] = key.split(' ');
      return { action: actionOf(action), policy, rules: found.size };
    })
    .sort(
      (one, other) =>
        ACTIONS.indexOf(one.action) - ACTIONS.indexOf(other.action) || compareTexts(one.policy, other.policy),
    );
}

function* rbacSettings(dump: ConfigDump): Generator<unknown, void, void> {
  for (const listener of listenersOf(dump, {})) {
    for (const chain of chainsOf(listener)) {
      for (const filter of list(chain, 'filters')) {
        if (text(filter, 'name') === NETWORK_FILTER) yield settingsOf(filter);
        if (!isHttp(filter)) continue;
        const inner = list(settingsOf(filter), 'http_filters');
        for (const one of inner) if (text(one, 'name') === HTTP_FILTER) yield settingsOf(one);
      }
    }
  }
}

function namesOf(policies: unknown): readonly string[] {
  return isObject(policies) ? Object.keys(policies) : [];
}

/** A rule of another origin keeps its name. */
function addNamed(name: string, add: (policy: string, rule: string) => void): void {
  const match = RULE_NAME.exec(name);
  if (match === null) add(name, '0');
  else add(`${match[2]}.${match[1]}`, match[3] ?? '');
}

function actionOf(word: string): Action {
  return ACTIONS.find((one) => one === word) ?? 'ALLOW';
}

export function policyTable(policies: readonly EnforcedPolicy[]): string {
  const rows = policies.map(({ action, policy, rules }) => [action, policy, String(rules)]);
  return tabwriter([['ACTION', 'AuthorizationPolicy', 'RULES'], ...rows], PADDING);
}
