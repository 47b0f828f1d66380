/** Opens a page of the mesh, and keeps the way to it open. */

import { MeshError } from '../base/mesh-error.ts';
import { isIp } from '../base/cidr.ts';
import type { ApiFailure } from '../kube/failure.ts';
import { deniedRight, rightText, ruleText } from '../kube/denied.ts';
import { followUntil } from '../kube/follow.ts';
import { Forwarder } from '../kube/forwarder.ts';
import { annotationOf, findPod, isReady, nameOf, phaseOf } from '../kube/pods.ts';
import { explained } from '../kube/explain.ts';
import { listObjects } from '../kube/list.ts';
import type { ApiObject } from '../kube/reflector.ts';
import { listPath } from '../kube/resource-path.ts';
import { type Cluster, openCluster, timeoutSignal } from './cluster.ts';
import type { DashboardInvocation } from './commands/dashboard.ts';
import type { Context } from './context.ts';
import { type Dashboard, findDashboard } from './dashboards.ts';
import { EXIT } from './exit-codes.ts';

type Flags = DashboardInvocation['flags'];

const POD = { apiVersion: 'v1', kind: 'Pod' };

/** Which pods show the page. */
interface Wanted {
  readonly namespace: string;
  /** Undefined for one pod by its name. */
  readonly labels: string | undefined;
  readonly name: string | undefined;
}

/** Runs until it is interrupted, or the pod has gone for good. Returns the exit code. */
export async function showDashboard({ args, flags }: DashboardInvocation, context: Context): Promise<number> {
  const [name = '', pod] = args;
  const found = findDashboard(name);
  if (found === undefined) throw new Error(`there is no dashboard ${name}`);
  // As it was typed, which may be another of its names.
  const dashboard = { ...found, name };
  const stopping = context.interrupted();
  const cluster = await openCluster(flags, context);
  const signal = AbortSignal.any([stopping, timeoutSignal(flags['kubeclient-timeout'])]);
  let forwarder: Forwarder | undefined;
  try {
    const shown = await firstPod(dashboard, pod, flags, cluster, signal);
    const port = portOf(shown.object, dashboard, flags);
    const gone = new Gone();
    const notes = failureNotes(context);
    const failed = (failure: ApiFailure): void => {
      // Whoever may not watch pods learns it so.
      if (failure.status === 404) gone.tell();
      else notes(failure);
    };
    forwarder = await Forwarder.start(
      cluster.client,
      { ...target(shown.object), port },
      { addresses: addressesOf(flags.address), ...localPort(flags, port), failed },
    );
    const url = `http://${hostOf(flags.address)}:${forwarder.port}${dashboard.path}`;
    context.stdout.write(`${url}\n`);
    if (flags.browser) void openBrowser(url, context);
    else context.stderr.write('skipping opening a browser\n');
    return await keepOpen(forwarder, shown.wanted, { cluster, flags, stopping, context, gone });
  } catch (error) {
    if (stopping.aborted) return EXIT.ok;
    throw error;
  } finally {
    forwarder?.stop();
  }
}

async function firstPod(
  dashboard: Dashboard,
  pod: string | undefined,
  flags: Flags,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<{ readonly object: ApiObject; readonly wanted: Wanted }> {
  if (pod !== undefined) {
    const named = await findPod(cluster.client, pod, cluster.namespace, signal);
    const [object] = await pods(cluster, { ...named, labels: undefined }, signal);
    if (object !== undefined) return { object, wanted: { ...named, labels: undefined } };
    throw noPods(`there is no pod ${named.name} in namespace ${named.namespace}`);
  }
  const labels = labelsOf(dashboard, flags);
  const places = [...new Set([flags.istioNamespace, cluster.namespace])];
  for (const namespace of places) {
    const wanted = { namespace, labels, name: undefined };
    const [object] = await pods(cluster, wanted, signal);
    if (object !== undefined) return { object, wanted };
  }
  throw noPods(`no pods found with selector ${labels} in ${places.join(' or ')}`, dashboard);
}

function labelsOf(dashboard: Dashboard, { selector, revision }: Flags): string {
  const labels = selector ?? dashboard.labels;
  if (labels === undefined) {
    throw new MeshError('MissingArgument', `${dashboard.name} needs a pod, or labels with --selector`, {
      hint: `Example: mesh dashboard ${dashboard.name} deploy/web.shop`,
    });
  }
  return revision === undefined ? labels : `${labels},istio.io/rev=${revision}`;
}

/** Those that run, those that are ready first. */
async function pods(cluster: Cluster, wanted: Wanted, signal: AbortSignal): Promise<readonly ApiObject[]> {
  const { namespace, labels, name } = wanted;
  try {
    const list = await listObjects(cluster.client, listPath(POD, namespace), {
      signal,
      ...(labels === undefined ? {} : { labels }),
      ...(name === undefined ? {} : { fields: `metadata.name=${name}` }),
    });
    return running(list);
  } catch (error) {
    throw explained(error, cluster.client);
  }
}

function running(list: readonly ApiObject[]): readonly ApiObject[] {
  return list
    .filter((pod) => phaseOf(pod) === 'Running' && !isGoing(pod))
    .toSorted((one, other) => Number(isReady(other)) - Number(isReady(one)));
}

function isGoing({ metadata }: ApiObject): boolean {
  return (metadata as { deletionTimestamp?: unknown } | undefined)?.deletionTimestamp !== undefined;
}

function target(pod: ApiObject): { readonly namespace: string; readonly pod: string } {
  const { name, namespace } = nameOf(pod);
  return { namespace, pod: name };
}

function portOf(pod: ApiObject, { port, portAnnotation }: Dashboard, flags: Flags): number {
  const said = portAnnotation === undefined ? Number.NaN : Number(annotationOf(pod, portAnnotation));
  const chosen = flags['ui-port'] ?? flags.ctrlz_port ?? (said > 0 && said < 65_536 ? said : port);
  if (chosen >= 1 && chosen <= 65_535) return chosen;
  throw new MeshError('BadFlagValue', `--ui-port is ${chosen}, but must be in the range 1..65535`);
}

function localPort({ port }: Flags, ofPod: number): { readonly port: number; readonly orAnyPort: boolean } {
  if (port === undefined) return { port: ofPod, orAnyPort: true };
  if (port >= 0 && port <= 65_535) return { port, orAnyPort: false };
  throw new MeshError('BadFlagValue', `--port is ${port}, but must be in the range 0..65535`);
}

function addressesOf(address: string): readonly string[] {
  if (address === 'localhost') return ['127.0.0.1', '::1'];
  if (isIp(address)) return [address];
  throw new MeshError('BadFlagValue', `--address is "${address}", but must be localhost or an IP address`);
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Each reason once in a row: browsers try often. */
function failureNotes(context: Context): (failure: ApiFailure) => void {
  let last = '';
  return (failure) => {
    if (failure.message === last) return;
    last = failure.message;
    const right = deniedRight(failure);
    const reason =
      right === undefined ? failure.message : `no right to ${rightText(right)}; ${ruleText(right)} gives it`;
    context.stderr.write(`Note: a connection could not be forwarded: ${reason}\n`);
  };
}

async function openBrowser(url: string, context: Context): Promise<void> {
  const fail = (): void =>
    context.stderr.write('Failed to open browser; open the URL above in your browser.\n');
  try {
    const { default: open } = await import('open');
    const child = await open(url);
    child.once('error', fail);
    child.once('exit', (code) => {
      if (code !== null && code !== 0) fail();
    });
  } catch {
    fail();
  }
}

interface Keeping {
  readonly cluster: Cluster;
  readonly flags: Flags;
  readonly stopping: AbortSignal;
  readonly context: Context;
  readonly gone: Gone;
}

/** Whether a connection found that there is no such pod. */
class Gone {
  #controller = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  tell(): void {
    this.#controller.abort();
  }

  reset(): void {
    this.#controller = new AbortController();
  }
}

/** Moves from a pod that goes to the next one. */
async function keepOpen(forwarder: Forwarder, wanted: Wanted, keeping: Keeping): Promise<number> {
  const { flags, stopping, context, gone } = keeping;
  for (;;) {
    const { pod } = forwarder.target;
    await untilGone(pod, wanted, keeping);
    if (stopping.aborted) return EXIT.ok;
    context.stderr.write(`Note: the pod ${pod} has gone\n`);
    if (wanted.labels === undefined || !flags.reconnect) {
      throw new MeshError('PodGone', `the pod ${pod} that showed the page has gone`);
    }
    const next = await nextPod(wanted, keeping);
    if (stopping.aborted) return EXIT.ok;
    if (next === undefined) {
      throw new MeshError('PodGone', `the pod ${pod} has gone, and no other took its place`, {
        hint: `It was looked for by ${wanted.labels} in namespace ${wanted.namespace} for ${flags['reconnect-timeout']}.`,
      });
    }
    forwarder.target = { ...forwarder.target, ...target(next) };
    gone.reset();
    context.stderr.write(`Note: connections go to the pod ${nameOf(next).name} now\n`);
  }
}

async function untilGone(pod: string, wanted: Wanted, { cluster, stopping, gone }: Keeping): Promise<void> {
  await follow(
    wanted,
    cluster,
    (list) => (running(list).some((one) => nameOf(one).name === pod) ? undefined : true),
    AbortSignal.any([stopping, gone.signal]),
  );
}

async function nextPod(
  wanted: Wanted,
  { cluster, flags, stopping }: Keeping,
): Promise<ApiObject | undefined> {
  const signal = AbortSignal.any([stopping, timeoutSignal(flags['reconnect-timeout'])]);
  return follow(wanted, cluster, (list) => running(list).find(isReady), signal);
}

/** What `judge` returns of the pods, as soon as it returns something; undefined when the signal aborts before. */
async function follow<Value>(
  { namespace, labels, name }: Wanted,
  { client }: Cluster,
  judge: (pods: readonly ApiObject[]) => Value | undefined,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const followed = {
    type: POD,
    namespace,
    ...(labels === undefined ? {} : { labels }),
    ...(name === undefined ? {} : { fields: `metadata.name=${name}` }),
  };
  let isRefused = false;
  try {
    return await followUntil(client, [followed], ([list = []]) => (isRefused ? undefined : judge(list)), {
      signal,
      failed: ({ status }) => void (isRefused = status === 403),
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw explained(error, client);
  }
}

function noPods(message: string, dashboard?: Dashboard): MeshError {
  return new MeshError('NoPods', message, {
    hint:
      dashboard === undefined
        ? undefined
        : `Is ${dashboard.name} installed? Name another namespace with --namespace, or other labels with --selector.`,
  });
}
