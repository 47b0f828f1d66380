/**
 * What controllers tell the one that writes statuses: a proxy is connected to one of them, which alone hears what the
 * proxy refuses. Each keeps a Lease with its report in an annotation, which is gone or out of date when it is.
 */

import type { KubeClient } from '../../kube/client.ts';
import { ApiFailure } from '../../kube/failure.ts';
import type { ObjectProblem } from '../debug/object-problems.ts';

/** Problems of objects, by `problemKey`. */
export type ProblemMap = ReadonlyMap<string, readonly ObjectProblem[]>;

export interface ReportOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Who this controller is, as part of a name. */
  readonly identity: string;
  readonly now?: () => number;
}

const LABEL = 'lateen.io/status-report';
const ANNOTATION = 'lateen.io/problems';
/** Seconds after which a report that was not renewed counts for nothing. */
const VALID_FOR = 60;
/** Milliseconds after which it is renewed. */
const RENEW_EVERY = 20_000;
/** Far below what the API server takes for all annotations of an object, 256 KiB. */
const MAX_BYTES = 128 * 1024;
const TIMEOUT = 10_000;

export class StatusReports {
  readonly #options: ReportOptions;
  readonly #now: () => number;
  /** The report that stands, and since when. */
  #published = { text: '[]', at: 0 };

  constructor(options: ReportOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => Date.now());
  }

  /** Tells the others; without problems there is no report. Throws an `ApiFailure` when that is refused. */
  async publish(problems: ProblemMap, signal: AbortSignal): Promise<void> {
    const text = encode(problems);
    const { text: before, at } = this.#published;
    if (text === before && (text === '[]' || this.#now() - at < RENEW_EVERY)) return;
    if (text === '[]') await this.#remove(signal);
    else await this.#put(text, signal);
    this.#published = { text, at: this.#now() };
  }

  /** What the other controllers tell. */
  async read(signal: AbortSignal): Promise<readonly ProblemMap[]> {
    const { client } = this.#options;
    const answer = await client.get(`${this.#collection}?labelSelector=${encodeURIComponent(LABEL)}`, {
      signal: bounded(signal),
    });
    const items = Array.isArray(answer['items']) ? (answer['items'] as readonly ReportLease[]) : [];
    return items
      .filter(({ metadata, spec }) => metadata?.name !== this.#name && this.#isValid(spec?.renewTime))
      .map(({ metadata }) => decode(metadata?.annotations?.[ANNOTATION]));
  }

  /** Takes the own report away, when this controller ends. */
  async withdraw(): Promise<void> {
    if (this.#published.text !== '[]') await this.#remove(AbortSignal.timeout(2_000)).catch(() => undefined);
  }

  #isValid(renewed: string | undefined): boolean {
    return renewed !== undefined && this.#now() - Date.parse(renewed) < VALID_FOR * 1_000;
  }

  async #put(text: string, signal: AbortSignal): Promise<void> {
    const { client, identity, namespace } = this.#options;
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: this.#name,
        namespace,
        labels: { [LABEL]: 'true' },
        annotations: { [ANNOTATION]: text },
      },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: VALID_FOR,
        renewTime: new Date(this.#now()).toISOString().replace('Z', '000Z'),
      },
    };
    try {
      await client.write('PATCH', `${this.#collection}/${this.#name}`, {
        signal: bounded(signal),
        contentType: 'application/merge-patch+json',
        body,
      });
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
      await client.write('POST', this.#collection, { signal: bounded(signal), body });
    }
  }

  async #remove(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    try {
      await client.write('DELETE', `${this.#collection}/${this.#name}`, { signal: bounded(signal) });
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
    }
  }

  get #name(): string {
    return `status-report-${this.#options.identity}`;
  }

  get #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(this.#options.namespace)}/leases`;
  }
}

interface ReportLease {
  readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly renewTime?: string };
}

/** As many objects as there is room for. */
function encode(problems: ProblemMap): string {
  const entries: string[] = [];
  let length = 2;
  for (const entry of [...problems].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const text = JSON.stringify(entry);
    length += Buffer.byteLength(text) + 1;
    if (length > MAX_BYTES) break;
    entries.push(text);
  }
  return `[${entries.join(',')}]`;
}

/** What cannot be read counts for nothing: it is written by this program, of perhaps another version. */
function decode(text: string | undefined): ProblemMap {
  try {
    const entries: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(entries)) return new Map();
    return new Map(
      entries.flatMap((entry: unknown): [string, readonly ObjectProblem[]][] => {
        const [key, problems] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
        if (typeof key !== 'string' || !Array.isArray(problems)) return [];
        return [[key, problems.filter(isProblem)]];
      }),
    );
  } catch {
    return new Map();
  }
}

function isProblem(value: unknown): value is ObjectProblem {
  if (typeof value !== 'object' || value === null) return false;
  const { message, proxies, resource } = value as Readonly<Record<string, unknown>>;
  return (
    typeof message === 'string' &&
    (resource === undefined || typeof resource === 'string') &&
    (proxies === undefined || (Array.isArray(proxies) && proxies.every((one) => typeof one === 'string')))
  );
}

/** What this controller and the others know together; the same problem of several is one, with all proxies. */
export function joinProblems(maps: readonly ProblemMap[]): ProblemMap {
  const joined = new Map<string, Map<string, ObjectProblem>>();
  for (const map of maps) {
    for (const [key, problems] of map) {
      const ofObject = joined.get(key) ?? new Map<string, ObjectProblem>();
      joined.set(key, ofObject);
      for (const problem of problems) {
        const text = `${problem.type_url ?? ''} ${problem.resource ?? ''} ${problem.message}`;
        const known = ofObject.get(text);
        const proxies = [...new Set([...(known?.proxies ?? []), ...(problem.proxies ?? [])])];
        ofObject.set(text, { ...problem, ...(proxies.length === 0 ? {} : { proxies }) });
      }
    }
  }
  return new Map([...joined].map(([key, ofObject]) => [key, [...ofObject.values()]]));
}

function bounded(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
}
