/** The webhooks that an installation tells the API server of: `/inject` and `/validate`, with their certificate. */

import { setTimeout as wait } from 'node:timers/promises';
import { KINDS } from '../../api/kinds.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Log } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';
import type { Access } from '../../kube/access.ts';
import { KubeClient } from '../../kube/client.ts';
import type { MeshState } from '../mesh-state.ts';
import type { TlsFiles } from '../settings.ts';
import { type Authority, type KeyPair, readAuthority, readKeyPair } from './certificate.ts';
import { renewalOf, signServer } from './certificate.ts';
import { injectReview } from './inject.ts';
import { InjectionSettings } from './injection-settings.ts';
import { type Reply, WebhookListener } from './listener.ts';
import type { WebhookMetrics } from './metrics.ts';
import { type AdmissionRequest, readReview, reviewText, type Verdict } from './review.ts';
import { validateReview } from './validate.ts';

export interface WebhooksOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly tlsFiles: TlsFiles | undefined;
  /** The cluster whose authority signs where there are no files. */
  readonly access: Access | undefined;
  readonly istioNamespace: string;
  readonly revision: string;
  readonly state: MeshState;
  readonly metrics: WebhookMetrics;
  readonly log: Log;
}

/** How often files and authority are looked at, and how long to wait after a failure, in milliseconds. */
const LOOK_EVERY = 60_000;
const RETRY = { first: 1000, max: 30_000 } as const;
const ASK_WITHIN = 10_000;
/** Letters of what a log says of a refusal, which may quote the object. */
const MAX_LOGGED = 1000;

export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #listener: WebhookListener;
  readonly #client: KubeClient | undefined;
  readonly #stopping = new AbortController();
  #signer: Authority | undefined;
  #pair: KeyPair | undefined;
  #fault: string | undefined;

  private constructor(options: WebhooksOptions, listener: WebhookListener) {
    this.#options = options;
    this.#listener = listener;
    this.#client = options.access === undefined ? undefined : new KubeClient(options.access);
  }

  get port(): number {
    return this.#listener.port;
  }

  /**
   * Begins to listen. A certificate that cannot be had yet is asked for again, and until then nobody can connect.
   * Throws a `MeshError` when the address cannot be had.
   */
  static async start(options: WebhooksOptions): Promise<Webhooks> {
    const { address, log } = options;
    const settings = new InjectionSettings(options);
    const answer = (path: string, body: string): Promise<Reply> => answerTo(path, body, options, settings);
    const listener = await WebhookListener.start({ ...address, answer, log });
    const webhooks = new Webhooks(options, listener);
    // So that who is told that the controller is ready finds its webhooks too.
    const isGood = await webhooks.#renew();
    void webhooks.#keep(isGood);
    return webhooks;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener.stop();
  }

  async #keep(wasGood: boolean): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff(RETRY);
    for (let isGood = wasGood; !signal.aborted; isGood = await this.#renew()) {
      if (isGood) backoff.reset();
      // It rejects when it is to end.
      if (isGood) await wait(LOOK_EVERY, undefined, { signal, ref: false }).catch(() => undefined);
      else await backoff.pause(signal);
      if (signal.aborted) return;
    }
  }

  /** Uses a new certificate where files, authority or time ask for one. Whether that went well. */
  async #renew(): Promise<boolean> {
    const { log } = this.#options;
    try {
      const next = await this.#nextPair();
      if (next !== undefined) {
        this.#listener.use(next);
        this.#pair = next;
        log.info('the webhooks have a certificate', { renewed: new Date(renewalOf(next)).toISOString() });
      }
      this.#fault = undefined;
      return true;
    } catch (error) {
      if (this.#stopping.signal.aborted) return false;
      const reason = (error as Error).message;
      const where = error instanceof MeshError ? { ...error.where, hint: error.hint } : {};
      if (reason !== this.#fault) {
        log.error('the webhooks have no new certificate; it is tried again', { ...where, reason });
      }
      this.#fault = reason;
      // What nobody has thought of must be seen, and yet the webhooks go on with what they have.
      return false;
    }
  }

  /** Undefined where the one in use is right. */
  async #nextPair(): Promise<KeyPair | undefined> {
    const { tlsFiles, istioNamespace, revision } = this.#options;
    if (tlsFiles !== undefined) {
      const pair = await readKeyPair(tlsFiles);
      return isSame(pair, this.#pair) ? undefined : pair;
    }
    if (this.#client === undefined) throw new MeshError('NotAvailable', 'there is no cluster to ask');
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ASK_WITHIN)]);
    const signer = await readAuthority(this.#client, istioNamespace, signal);
    const isRight = isSame(signer, this.#signer) && this.#pair !== undefined;
    if (isRight && this.#pair !== undefined && Date.now() < renewalOf(this.#pair)) return undefined;
    const pair = await signServer(signer, serverNames(istioNamespace, revision), Date.now());
    this.#signer = signer;
    return pair;
  }
}

function isSame(one: KeyPair, other: KeyPair | undefined): boolean {
  return one.certificate === other?.certificate && one.key === other.key;
}

/** How the API server calls the Service of a control plane; with a tag also that of another name leads to it. */
function serverNames(namespace: string, revision: string): readonly string[] {
  const services = revision === '' || revision === 'default' ? ['istiod'] : [`istiod-${revision}`, 'istiod'];
  return services.flatMap((name) => [`${name}.${namespace}.svc`, `${name}.${namespace}`]);
}

async function answerTo(
  path: string,
  body: string,
  options: WebhooksOptions,
  settings: InjectionSettings,
): Promise<Reply> {
  const isInjection = path === '/inject' || path.startsWith('/inject/');
  if (!isInjection && path !== '/validate') return { status: 404, body: 'there is no such webhook\n' };
  const { metrics } = options;
  if (isInjection) metrics.injections.add();
  let request: AdmissionRequest;
  try {
    request = readReview(body);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    if (isInjection) metrics.notInjected.add();
    return { status: 400, body: `${error.message}\n` };
  }
  const verdict = isInjection ? inject(request, path, options, settings) : await validated(request, options);
  return { status: 200, body: reviewText(request, verdict), isJson: true };
}

function inject(
  request: AdmissionRequest,
  path: string,
  { metrics, log }: WebhooksOptions,
  settings: InjectionSettings,
): Verdict {
  try {
    const { verdict, skipped } = injectReview(request, path, settings.current());
    (skipped === undefined ? metrics.injected : metrics.skipped).add();
    return verdict;
  } catch (error) {
    metrics.notInjected.add();
    return refusal(error, 'a pod gets no sidecar, and does not start', request, log);
  }
}

async function validated(
  request: AdmissionRequest,
  { metrics, log, istioNamespace }: WebhooksOptions,
): Promise<Verdict> {
  let verdict: Verdict;
  try {
    verdict = await validateReview(request, istioNamespace);
  } catch (error) {
    verdict = refusal(error, 'an object could not be checked', request, log);
  }
  (verdict.allowed ? metrics.passed : metrics.refused).add(labelsOf(request));
  return verdict;
}

/** Only of kinds that are known: others would let whoever can connect fill the memory. */
function labelsOf({ resource }: AdmissionRequest): Record<string, string> {
  const { group, version, resource: plural } = resource;
  const info = KINDS.find((one) => one.group === group && one.plural === plural);
  return info?.versions.some(({ name }) => name === version) === true ? { ...resource } : {};
}

/** What is expected is told to who asks; of anything else, as values nested too deep, only that it is so. */
function refusal(error: unknown, message: string, { namespace }: AdmissionRequest, log: Log): Verdict {
  const isExpected = error instanceof MeshError;
  const reason = error instanceof Error ? error.message : String(error);
  log.warn(message, { namespace, reason: reason.slice(0, MAX_LOGGED) });
  const hint = isExpected && error.hint !== undefined ? `. ${error.hint}` : '';
  return isExpected
    ? { allowed: false, code: 400, message: `${reason}${hint}` }
    : { allowed: false, code: 500, message: 'the object cannot be processed' };
}
