/**
 * Tags that stand inside Envoy's dotted names, as a cluster's, are taken out of them for Prometheus.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/statistics
 */

import { compileRe2 } from '../../base/re2.ts';
import type { StatsConfig } from '../../xds/proto/generated/envoy/config/metrics/v3/stats_pb.js';
import type { StatTags } from './stats.ts';

/** What a rule finds: the tag's value, and the part of the name that goes with it. */
interface Found {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

interface TagRule {
  readonly tag: string;
  find(name: string): Found | undefined;
}

/** A name without its tags, and these. */
export interface TaggedName {
  readonly name: string;
  readonly tags: StatTags;
}

/**
 * A pattern of name parts: `$` is the tag, `*` any one part, `**` any number of them. Names whose first part
 * differs cost one comparison.
 */
function parts(tag: string, pattern: string): TagRule {
  const wanted = pattern.split('.');
  const first = `${wanted[0] ?? ''}.`;
  return {
    tag,
    find(name) {
      return name.startsWith(first) ? matchParts(wanted, 0, name, 0, undefined) : undefined;
    },
  };
}

function matchParts(
  wanted: readonly string[],
  index: number,
  name: string,
  start: number,
  found: Found | undefined,
): Found | undefined {
  const part = wanted[index];
  if (part === undefined) return start > name.length ? found : undefined;
  if (part === '**' && index === wanted.length - 1) return found;
  if (start > name.length) return undefined;
  const dot = name.indexOf('.', start);
  const end = dot < 0 ? name.length : dot;
  if (part === '**') {
    return (
      matchParts(wanted, index + 1, name, start, found) ?? matchParts(wanted, index, name, end + 1, found)
    );
  }
  const text = name.slice(start, end);
  if (part === '$') {
    return matchParts(wanted, index + 1, name, end + 1, { value: text, start, end: end + 1 });
  }
  return part === '*' || part === text ? matchParts(wanted, index + 1, name, end + 1, found) : undefined;
}

/** Only for patterns of our own, which are linear. The first group goes, the second (else the first) is the tag. */
function pattern(tag: string, start: string, expression: RegExp): TagRule {
  return {
    tag,
    find(name) {
      if (!name.includes(start)) return undefined;
      const [, gone, value] = expression.exec(name)?.indices ?? [];
      if (gone === undefined) return undefined;
      return { value: name.slice(...(value ?? gone)), start: gone[0], end: gone[1] };
    },
  };
}

const ADDRESS = String.raw`(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[[a-fA-F_\d]+\])_\d+`;

/** In the order in which their tags are shown. */
const DEFAULT_RULES: readonly TagRule[] = [
  pattern('envoy.response_code', '_rq_', /_rq(_(\d{3}))$/d),
  pattern('envoy.response_code_class', '_rq_', /_rq_((\d))xx$/d),
  parts('envoy.grpc_bridge_method', 'cluster.*.grpc.*.$.**'),
  parts('envoy.http_user_agent', 'http.*.user_agent.$.**'),
  parts('envoy.virtual_cluster', 'vhost.*.vcluster.$.**'),
  parts('envoy.fault_downstream_cluster', 'http.*.fault.$.**'),
  pattern('envoy.ssl_cipher', '.ssl.ciphers.', /^listener\..*?\.ssl\.ciphers(\.([^.]+))$/d),
  pattern('envoy.ssl_cipher_suite', '.ssl.ciphers.', /^cluster\.[^.]+\.ssl\.ciphers(\.([^.]+))$/d),
  parts('envoy.grpc_bridge_service', 'cluster.*.grpc.$.**'),
  parts('envoy.tcp_prefix', 'tcp.$.**'),
  parts('envoy.udp_prefix', 'udp.$.**'),
  parts('envoy.clientssl_prefix', 'auth.clientssl.$.**'),
  parts('envoy.ratelimit_prefix', 'ratelimit.$.**'),
  parts('envoy.cluster_name', 'cluster.$.**'),
  pattern('envoy.http_conn_manager_prefix', '.http.', /^listener\..*?\.http\.(([^.]+)\.)/d),
  parts('envoy.http_conn_manager_prefix', 'http.$.**'),
  pattern('envoy.listener_address', 'listener.', new RegExp(String.raw`^listener\.((${ADDRESS})\.)`, 'd')),
  parts('envoy.route', 'vhost.*.route.$.**'),
  parts('envoy.virtual_host', 'vhost.$.**'),
  pattern('envoy.rds_route_config', '.rds.', /^http\.[^.]+\.rds\.((.*)\.)\w+$/d),
  pattern('envoy.worker_id', '.worker_', /^(?:listener\..*?|server|listener_manager)\.worker_((\d+)\.)/d),
  pattern(
    'envoy.local_http_ratelimit_prefix',
    '.http_local_rate_limit.',
    /^(([^.]+)\.)http_local_rate_limit\./d,
  ),
  pattern('envoy.local_network_ratelimit_prefix', 'local_rate_limit.', /^local_rate_limit\.(([^.]+)\.)/d),
  pattern('envoy.connection_limit_prefix', 'connection_limit.', /^connection_limit\.(([^.]+)\.)/d),
  pattern('envoy.rbac_prefix', '.rbac.', /^(([^.]+)\.)rbac\./d),
  pattern('envoy.rbac_http_hcm_prefix', '.rbac.', /^http\.(([^.]+)\.)rbac\./d),
];

/** A rule of the user: a regular expression whose first group goes and whose second (else the first) is the tag. */
function userRule(tag: string, regex: string): TagRule {
  const compiled = compileRe2(regex);
  return {
    tag,
    find(name) {
      const groups = compiled.find(name)?.groups;
      const gone = groups?.[1];
      if (gone === undefined) return undefined;
      return { value: (groups?.[2] ?? gone).text, start: gone.start, end: gone.start + gone.text.length };
    },
  };
}

export class TagExtractor {
  readonly #rules: readonly TagRule[];
  readonly #fixed: StatTags;
  readonly #known = new Map<string, TaggedName>();

  /** Throws a `SyntaxError` for a bad regular expression and an `Error` for a name without a rule. */
  constructor(config?: StatsConfig) {
    const own: TagRule[] = [];
    const fixed: [string, string][] = [];
    for (const { tagName, tagValue } of config?.statsTags ?? []) {
      if (tagValue.case === 'fixedValue') fixed.push([tagName, tagValue.value]);
      else if (tagValue.case === 'regex' && tagValue.value !== '')
        own.push(userRule(tagName, tagValue.value));
      else {
        const known = DEFAULT_RULES.filter(({ tag }) => tag === tagName);
        if (known.length === 0) throw new Error(`stats_config.stats_tags: no rule is known for "${tagName}"`);
        own.push(...known);
      }
    }
    const ownTags = new Set(own.map(({ tag }) => tag));
    const defaults = config?.useAllDefaultTags === false ? [] : DEFAULT_RULES;
    this.#rules = [...own, ...defaults.filter(({ tag }) => !ownTags.has(tag))];
    this.#fixed = fixed;
  }

  /** The name without what its tags take of it. Names are remembered: asked again they cost nothing. */
  extract(name: string): TaggedName {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = this.#extract(name);
      // Names come and go with clusters; those of long ago should not stay.
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(name, known);
    }
    return known;
  }

  #extract(name: string): TaggedName {
    const tags: (readonly [string, string])[] = [];
    const gone: Found[] = [];
    for (const { tag, find } of this.#rules) {
      if (tags.some(([known]) => known === tag)) continue;
      const found = find(name);
      if (found === undefined) continue;
      tags.push([tag, found.value]);
      gone.push(found);
    }
    let rest = '';
    let from = 0;
    for (const { start, end } of gone.sort((left, right) => left.start - right.start)) {
      if (start > from) rest += name.slice(from, start);
      from = Math.max(from, end);
    }
    return { name: rest + name.slice(from), tags: [...tags, ...this.#fixed] };
  }
}

const MAX_KNOWN = 20_000;
