/** The pods of the control plane, and the pages that they show, reached through the API server or directly. */

import { request } from 'node:http';
import { MeshError } from '../base/mesh-error.ts';
import { type Cluster, type ClusterFlags, openCluster } from './cluster.ts';
import type { FlagSpecs } from './command.ts';
import type { Context } from './context.ts';

/** Flags of commands that ask the control plane. */
export const CONTROL_PLANE_FLAGS = {
  revision: {
    type: 'string',
    short: 'r',
    value: 'NAME',
    complete: 'revisions',
    description: 'Revision of the control plane to ask; all of them when left out',
  },
  'xds-address': {
    type: 'string',
    value: 'ADDRESS',
    description: 'HOST:PORT that is the --http-addr of a controller on this machine, asked without a cluster',
  },
} as const satisfies FlagSpecs;

export interface ControlPlaneFlags extends ClusterFlags {
  readonly istioNamespace: string;
  readonly revision: string | undefined;
  readonly 'xds-address': string | undefined;
}

/** One process of the control plane. */
export interface Istiod {
  /** Its pod, or its address. */
  readonly name: string;
  readonly revision: string;
  /** The answer to a page. Throws a `MeshError` when there is none, or not with 200. */
  ask(path: string, signal: AbortSignal, method?: 'GET' | 'POST'): Promise<Buffer>;
}

const MAX_PAGE = 256 * 1024 * 1024;

/** Where the monitoring port is when the pod does not say. */
const MONITORING_PORT = 15_014;

/**
 * Those that run, sorted by name. Throws a `MeshError` when there is none. One list of pods is all that this asks
 * of the API server.
 */
export async function findControlPlane(
  flags: ControlPlaneFlags,
  context: Context,
  signal: AbortSignal,
): Promise<readonly Istiod[]> {
  const address = flags['xds-address'];
  if (address !== undefined) return [directly(address)];
  const cluster = await openCluster(flags, context);
  return istiodsOf(cluster, flags, signal);
}

/** The same in a cluster that is open already. */
export async function istiodsOf(
  cluster: Cluster,
  { istioNamespace, revision }: Pick<ControlPlaneFlags, 'istioNamespace' | 'revision'>,
  signal: AbortSignal,
): Promise<readonly Istiod[]> {
  const [{ listObjects }, { explained }, { annotationOf, nameOf, phaseOf }, { field, text }] =
    await Promise.all([
      import('../kube/list.ts'),
      import('../kube/explain.ts'),
      import('../kube/pods.ts'),
      import('./proxy-config/fields.ts'),
    ]);
  const labels = `app=istiod${revision === undefined ? '' : `,istio.io/rev=${revision}`}`;
  const path = `/api/v1/namespaces/${encodeURIComponent(istioNamespace)}/pods`;
  const pods = await listObjects(cluster.client, path, { signal, labels }).catch((error: unknown) => {
    throw explained(error, cluster.client);
  });
  const running = pods.filter((pod) => phaseOf(pod) === 'Running');
  if (running.length === 0) {
    const of = revision === undefined ? '' : ` of the revision "${revision}"`;
    throw new MeshError('NoControlPlane', `no running Istio pods${of} in namespace "${istioNamespace}"`, {
      hint: `Is the control plane in another namespace (--istioNamespace)? It is found by the label ${labels}.`,
    });
  }
  return running
    .map((pod) => {
      const port = Number(annotationOf(pod, 'prometheus.io/port'));
      const labels = field(pod, 'metadata', 'labels');
      return throughServer(cluster, {
        ...nameOf(pod),
        port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : MONITORING_PORT,
        revision: text(labels, 'istio.io/rev') || 'default',
      });
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
  readonly revision: string;
}

function throughServer({ client }: Cluster, { name, namespace, port, revision }: Pod): Istiod {
  return {
    name,
    revision,
    async ask(path, signal, method = 'GET') {
      const [{ pageOf }, { explained }, { controlPlanePage }] = await Promise.all([
        import('../kube/pod-page.ts'),
        import('../kube/explain.ts'),
        import('./mesh-pages.ts'),
      ]);
      const place = controlPlanePage({ namespace, pod: name, port });
      const asked = { path, method, signal, maxBytes: MAX_PAGE };
      const answer = await pageOf(client, place, asked).catch((error: unknown) => {
        throw explained(error, client, `Pod ${namespace}/${name}`);
      });
      return checked(name, path, answer);
    },
  };
}

function directly(address: string): Istiod {
  const url = /^https?:/.test(address) ? address.replace(/\/+$/, '') : `http://${address}`;
  if (!URL.canParse(url) || !url.startsWith('http:')) {
    throw new MeshError('BadFlagValue', `--xds-address is "${address}", but must be HOST:PORT`, {
      hint: 'It is the address of the --http-addr of a controller, as 127.0.0.1:8080.',
    });
  }
  return {
    name: address,
    revision: 'default',
    ask: async (path, signal, method = 'GET') =>
      checked(address, path, await askDirectly(`${url}${path}`, signal, method)),
  };
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

async function askDirectly(url: string, signal: AbortSignal, method: string): Promise<Answer> {
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const call = request(url, { method, signal, agent: false }, (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          parts.push(part);
          if (size > MAX_PAGE) call.destroy(new Error(`the answer has more than ${MAX_PAGE} bytes`));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end();
    });
  } catch (error) {
    const reason = signal.aborted ? 'it does not answer in time' : (error as Error).message;
    throw new MeshError('Unreachable', `the controller at ${url} cannot be asked: ${reason}`, {
      hint: '--xds-address is the address of the --http-addr of a controller on this machine.',
      cause: error,
    });
  }
}

function checked(name: string, path: string, { status, body }: Answer): Buffer {
  if (status === 200) return body;
  const words = body.toString('utf8', 0, 300).replaceAll(/\s+/g, ' ').trim();
  throw new MeshError('ControlPlaneRefused', `${name} answers ${status} to ${path}: ${words}`);
}

/** What one of them answered, or why it did not. */
export type IstiodAnswer =
  | { readonly istiod: Istiod; readonly body: Buffer }
  | { readonly istiod: Istiod; readonly failure: MeshError };

/** Asks all at once: one that does not answer within `signal` holds up no other. */
export async function askAll(
  istiods: readonly Istiod[],
  path: string,
  signal: AbortSignal,
): Promise<readonly IstiodAnswer[]> {
  return Promise.all(
    istiods.map(async (istiod): Promise<IstiodAnswer> => {
      try {
        return { istiod, body: await istiod.ask(path, signal) };
      } catch (error) {
        if (error instanceof MeshError) return { istiod, failure: error };
        if (!signal.aborted) throw error;
        return { istiod, failure: new MeshError('Timeout', `${istiod.name} does not answer in time`) };
      }
    }),
  );
}
