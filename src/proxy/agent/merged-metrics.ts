/** One page of metrics: the agent's, the proxy's, and the application's. */

import { askHttp, type AdminAddress } from './admin.ts';
import type { Log } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';

/** Where the application has metrics. */
export interface ScrapeTarget {
  readonly port: number;
  readonly path: string;
}

export interface MetricSources {
  /** Of the proxy. */
  readonly admin: AdminAddress;
  readonly targets: readonly ScrapeTarget[];
  readonly localhost: string;
  readonly restarts: () => number;
  readonly log: Log;
}

export interface ScrapeRequest {
  /** What follows the question mark, passed on to the proxy. */
  readonly query: string;
  /** Headers that Prometheus sends, as far as the application may want them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/** Milliseconds, where Prometheus does not say how long it waits. */
const PATIENCE = 10_000;
const MAX_BYTES = 64 << 20;

/**
 * Puts the pages together as text. What cannot be had is left out, logged and counted: the rest is still worth
 * having.
 */
export class MergedMetrics {
  readonly #sources: MetricSources;
  #scrapes = 0;
  readonly #failures = { envoy: 0, application: 0 };

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  async page({ query, headers }: ScrapeRequest): Promise<string> {
    this.#scrapes++;
    const { admin, targets, localhost } = this.#sources;
    const timeout = patience(headers['x-prometheus-scrape-timeout-seconds']);
    const pages = await Promise.all([
      this.#get('envoy', admin, `/stats/prometheus${query === '' ? '' : `?${query}`}`, timeout, {}),
      ...targets.map(({ port, path }) =>
        this.#get('application', { host: localhost, port }, path, timeout, {
          // The other formats cannot be put one after another.
          accept: 'text/plain;version=0.0.4;q=0.9,text/plain;q=0.5,*/*;q=0.1',
          ...(headers['x-prometheus-scrape-timeout-seconds'] === undefined
            ? {}
            : { 'x-prometheus-scrape-timeout-seconds': headers['x-prometheus-scrape-timeout-seconds'] }),
        }),
      ),
    ]);
    return this.#own() + pages.map(asText).join('');
  }

  async #get(
    type: 'envoy' | 'application',
    address: AdminAddress,
    path: string,
    timeout: number,
    headers: Readonly<Record<string, string>>,
  ): Promise<string> {
    try {
      const { status, body, contentType } = await askHttp(address, path, {
        timeout,
        headers,
        maxBytes: MAX_BYTES,
      });
      if (status !== 200) throw new MeshError('NoAnswer', `${path} has status ${status}`);
      if (/protobuf/i.test(contentType))
        throw new MeshError('NoAnswer', `${path} is no text: ${contentType}`);
      return body.toString('utf8');
    } catch (error) {
      this.#failures[type]++;
      this.#sources.log.warn('metrics cannot be had', { of: type, reason: (error as Error).message });
      return '';
    }
  }

  #own(): string {
    const { envoy, application } = this.#failures;
    return `# HELP istio_agent_scrapes_total Requests for this page.
# TYPE istio_agent_scrapes_total counter
istio_agent_scrapes_total ${this.#scrapes}
# HELP istio_agent_scrape_failures_total Pages that could not be had and so are missing in this one.
# TYPE istio_agent_scrape_failures_total counter
istio_agent_scrape_failures_total{type="envoy"} ${envoy}
istio_agent_scrape_failures_total{type="application"} ${application}
# HELP istio_agent_proxy_restarts_total How often the proxy ended by itself and was started again.
# TYPE istio_agent_proxy_restarts_total counter
istio_agent_proxy_restarts_total ${this.#sources.restarts()}
`;
  }
}

/** A little less than Prometheus waits, so that the other pages still reach it. */
function patience(seconds: string | undefined): number {
  const given = Number(seconds);
  return Number.isFinite(given) && given > 0 ? Math.min(given * 900, 60_000) : PATIENCE;
}

/** OpenMetrics is close enough to the text format, but for the mark of its end, which may stand only there. */
function asText(page: string): string {
  const text = page.replaceAll(/^# EOF[ \t]*\r?\n?/gm, '');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * Reads ISTIO_PROMETHEUS_ANNOTATIONS, in which injection keeps what the pod's own annotations said:
 * `{"scrape":"true","path":"/metrics","port":"8080"}`, or with several `targets`. Throws a `MeshError`.
 */
export function readScrapeTargets(text: string | undefined): readonly ScrapeTarget[] {
  if (text === undefined || text === '') return [];
  let told: Record<string, unknown>;
  try {
    told = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw badTargets(`holds no JSON: ${(error as Error).message}`);
  }
  if (typeof told !== 'object' || told === null) throw badTargets('must hold a JSON object');
  if (told.scrape === 'false') return [];
  const targets = Array.isArray(told.targets) && told.targets.length > 0 ? told.targets : [told];
  return targets.map((target: unknown) => {
    const { port = '80', path = '/metrics' } = target as { port?: unknown; path?: unknown };
    const number = Number(port);
    if (!Number.isInteger(number) || number < 1 || number > 65_535) {
      throw badTargets(`names the port ${JSON.stringify(port)}, which is none`);
    }
    if (typeof path !== 'string') throw badTargets(`names the path ${JSON.stringify(path)}, which is none`);
    return { port: number, path: path.startsWith('/') ? path : `/${path}` };
  });
}

function badTargets(fault: string): MeshError {
  return new MeshError('BadSetting', `the variable ISTIO_PROMETHEUS_ANNOTATIONS ${fault}`);
}
