/** Which statistics the proxy keeps and which parts of their names become tags; as Istio's bootstrap has it. */

import type { ProxyConfig } from '../proxy-config.ts';
import type { Labels } from '../node.ts';

/**
 * Tags by the expression that finds them: its first group is cut out of the name, its second is the value. Names
 * of clusters and of connection managers end with a semicolon, so that dots in them do no harm.
 */
const TAGS: readonly (readonly [tag: string, regex: string])[] = [
  ['cluster_name', '^cluster(\\.(.+?);)'],
  ['http_conn_manager_prefix', '^http(\\.(.+?);)'],
  ['tcp_prefix', '^tcp(\\.(.+?))\\.\\w+$'],
  ['thread_name', '^server(\\.(.+))\\.watchdog'],
  ['response_code', '_rq(_(\\d{3}))$'],
  ['response_code_class', '_rq(_(\\dxx))$'],
  ['listener_address', '^listener(\\.([._\\d]+|\\[[_:\\da-fA-F]*\\]_\\d+))\\.'],
  ['mongo_prefix', '^mongo(\\.(.+?))\\.(?:collection|cmd|cx_|op_|delays_|decoding_)'],
];

const LAST_TAGS: readonly (readonly [tag: string, regex: string])[] = [
  ['cache', '(cache\\.(.+?)\\.)'],
  ['component', '(component\\.(.+?)\\.)'],
  ['tag', '(tag\\.(.+?);\\.)'],
  ['wasm_filter', '(wasm_filter\\.(.+?)\\.)'],
  ['authz_enforce_result', 'rbac(\\.(allowed|denied))'],
  ['authz_dry_run_action', '(\\.istio_dry_run_(allow|deny)_)'],
  ['authz_dry_run_result', '(\\.shadow_(allowed|denied))'],
];

/** What readiness and dashboards need, whatever else is left out. */
const PREFIXES = ['reporter=', 'cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'];
const LAST_PREFIXES = ['component', 'istio'];
const SUFFIXES = ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'];
const REGEXES = ['vhost\\..*\\.route\\..*'];

export interface StatsSources {
  readonly config: ProxyConfig;
  readonly annotations: Labels;
  readonly ips: readonly string[];
  /** Draining asks how many connections there are. */
  readonly countsConnections: boolean;
}

export function statsConfig(sources: StatsSources): object {
  const { config, annotations, countsConnections } = sources;
  const chosen = (name: string, own: readonly string[]): readonly string[] =>
    // An annotation takes the place of the mesh's choice, as with Istio.
    withAddresses(words(annotations[`sidecar.istio.io/${name}`]) ?? own, sources.ips);
  const { inclusionPrefixes, inclusionSuffixes, inclusionRegexps } = config.statsMatcher;
  const prefixes = [...chosen('statsInclusionPrefixes', inclusionPrefixes), ...PREFIXES, ...LAST_PREFIXES];
  const suffixes = [
    ...chosen('statsInclusionSuffixes', inclusionSuffixes),
    ...SUFFIXES,
    ...(countsConnections ? ['downstream_cx_active'] : []),
  ];
  const regexes = [...chosen('statsInclusionRegexps', inclusionRegexps), ...REGEXES];
  const extra = new Set([
    ...config.extraStatTags,
    ...(words(annotations['sidecar.istio.io/extraStatTags']) ?? []),
  ]);
  return {
    use_all_default_tags: false,
    stats_tags: [
      ...TAGS,
      ...[...extra].map((tag) => [tag, `(${escaped(tag)}=\\.=(.*?);\\.;)`] as const),
      ...LAST_TAGS,
    ].map(([tag_name, regex]) => ({ tag_name, regex })),
    stats_matcher: {
      inclusion_list: {
        patterns: [
          ...prefixes.map((prefix) => ({ prefix })),
          ...suffixes.map((suffix) => ({ suffix })),
          ...regexes.map((regex) => ({ safe_regex: { regex } })),
        ],
      },
    },
  };
}

function words(text: string | undefined): readonly string[] | undefined {
  const found = (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  return found.length === 0 ? undefined : found;
}

/** `{pod_ip}` stands for each of the workload's addresses. */
function withAddresses(patterns: readonly string[], ips: readonly string[]): readonly string[] {
  return patterns.flatMap((pattern) =>
    pattern.includes('{pod_ip}') ? ips.map((ip) => pattern.replaceAll('{pod_ip}', ip)) : [pattern],
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
