/** Scraping: Prometheus asks the agent, which adds the application's metrics to the proxy's. */

import { MeshError } from '../../base/mesh-error.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { parseTruth } from './annotations.ts';
import type { TemplateContext } from './context.ts';

/** Environment variable that tells the agent where the application's metrics are. */
export const SCRAPE_ENV = 'ISTIO_PROMETHEUS_ANNOTATIONS';

export interface ScrapeMerge {
  /** Annotations that the pod gets; what it had under these names goes to the agent. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations to take out, other spellings among them. */
  readonly remove: readonly string[];
  readonly env: string | undefined;
}

const RESERVED = new Set([
  15_000, 15_001, 15_002, 15_004, 15_006, 15_008, 15_009, 15_020, 15_021, 15_053, 15_090,
]);
const NAMES = ['prometheus.io/scrape', 'prometheus.io/port', 'prometheus.io/path'] as const;
const TARGETS = 'prometheus.istio.io/scrape-targets';

/** Undefined where the pod is not to be scraped, or is set up for the agent already. */
export function mergeScraping(context: TemplateContext): ScrapeMerge | undefined {
  const { annotations } = context.pod;
  const spelled = new Map<string, string>();
  for (const key of Object.keys(annotations)) {
    const name = [...NAMES, TARGETS].find((one) => sanitized(one) === sanitized(key));
    if (name !== undefined && !(spelled.get(name) === name)) spelled.set(name, key);
  }
  const given = (name: string): string | undefined => annotations[spelled.get(name) ?? name];
  if (parseTruth(given(NAMES[0])) === false || !isMerging(context)) return undefined;
  const agentPort = context.statusPort;
  if (agentPort === '0' || given(NAMES[1]) === agentPort) return undefined;

  const targets = readTargets(given(TARGETS), agentPort);
  const port = targets[0]?.port ?? given(NAMES[1]);
  const path = targets[0]?.path ?? given(NAMES[2]);
  if (port !== undefined) checkPort(port, agentPort, targets.length > 0 ? TARGETS : NAMES[1]);
  const scrape = given(NAMES[0]);
  const told: JsonMap = {
    ...(scrape === undefined ? {} : { scrape }),
    ...(path === undefined ? {} : { path }),
    ...(port === undefined ? {} : { port }),
    ...(targets.length === 0 ? {} : { targets: targets.map((target): Json => ({ ...target })) }),
  };
  const set = { [NAMES[0]]: 'true', [NAMES[1]]: agentPort, [NAMES[2]]: '/stats/prometheus' };
  const remove = Object.keys(annotations).filter(
    (key) => !(key in set) && [...NAMES, TARGETS].some((name) => sanitized(name) === sanitized(key)),
  );
  return { annotations: set, remove, env: Object.keys(told).length === 0 ? undefined : JSON.stringify(told) };
}

function isMerging(context: TemplateContext): boolean {
  const annotated = parseTruth(context.pod.annotations['prometheus.istio.io/merge-metrics']);
  return annotated ?? context.settings.mesh.enablePrometheusMerge !== false;
}

/** As Prometheus spells an annotation in a label: `prometheus/io.port` is the same to it. */
function sanitized(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_');
}

function readTargets(text: string | undefined, agentPort: string): { port: string; path: string }[] {
  if (text === undefined || text.trim() === '') return [];
  return text.split(',').map((target) => {
    const colon = target.indexOf(':');
    const port = (colon < 0 ? target : target.slice(0, colon)).trim();
    const path = colon < 0 ? '/metrics' : target.slice(colon + 1).trim();
    checkPort(port, agentPort, TARGETS);
    if (!path.startsWith('/')) {
      throw scrapeError(TARGETS, `has the path ${JSON.stringify(path)}, which must begin with /`);
    }
    return { port, path };
  });
}

function checkPort(port: string, agentPort: string, annotation: string): void {
  const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535)
    throw scrapeError(annotation, `names the port ${JSON.stringify(port)}, which must be 1 to 65535`);
  if (String(number) === agentPort || RESERVED.has(number)) {
    throw scrapeError(annotation, `names the port ${number}, which belongs to the proxy`);
  }
}

function scrapeError(annotation: string, fault: string): MeshError {
  return new MeshError('InvalidAnnotation', `annotation ${annotation} ${fault}`, {
    hint: 'Name the port on which the application itself gives its metrics.',
    where: { field: 'metadata.annotations' },
  });
}
