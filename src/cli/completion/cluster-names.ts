/** Names of a cluster as candidates: what it gives in a moment, and else nothing. */

import { findKind, kindKey, splitApiVersion } from '../../api/kinds.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath, type TypeName } from '../../kube/resource-path.ts';
import type { ClusterCompleterName } from '../command.ts';
import { openCluster } from '../cluster.ts';
import type { Context } from '../context.ts';
import type { Candidate } from './candidates.ts';

/** What of the line and of the settings says which cluster is meant, and where in it. */
export interface NameFlags {
  readonly namespace: string | undefined;
  readonly istioNamespace: string;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly as: string | undefined;
  readonly 'as-uid': string | undefined;
  readonly 'as-group': readonly string[];
}

/** Milliseconds that a cluster has to answer: somebody waits with a finger on the key. */
const LIMIT = 1000;

interface Question {
  readonly path: string;
  readonly metadataOnly: true;
  readonly labels?: string;
  readonly fields?: string;
  candidate(object: Found): string | undefined;
}

interface Found {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const WEBHOOK = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' };

/** Workloads and Services by whose names pods can be named. */
const WORKLOADS = [
  DEPLOYMENT,
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  SERVICE,
];

/**
 * The names; `word` is what has been typed. Never throws and says nothing: there may be no cluster, it may be slow,
 * or it may refuse to answer, and none of this concerns somebody who only types.
 */
export async function namesInCluster(
  what: ClusterCompleterName,
  word: string,
  flags: NameFlags,
  context: Pick<Context, 'env' | 'homeDir' | 'cwd'>,
): Promise<readonly Candidate[]> {
  try {
    const { client, namespace } = await openCluster(
      { ...flags, 'kubeclient-timeout': `${LIMIT}ms` },
      context,
    );
    const { listObjects } = await import('../../kube/list.ts');
    const question = questionOf(what, word, { ...flags, namespace });
    const signal = AbortSignal.timeout(LIMIT);
    const late = new Promise<readonly ApiObject[]>((resolve) => {
      signal.addEventListener('abort', () => resolve([]), { once: true });
    });
    // A program that gives the credentials cannot be interrupted, so it is not waited for.
    const found = await Promise.race([late, listObjects(client, question.path, { ...question, signal })]);
    return candidatesOf(found, question);
  } catch {
    return [];
  }
}

function candidatesOf(found: readonly ApiObject[], { candidate }: Question): readonly Candidate[] {
  const values = found.flatMap(({ metadata }) => {
    const { name, namespace, labels = {} } = metadata as Readonly<Record<string, unknown>>;
    const object = { name: String(name), namespace: String(namespace), labels: labels as Found['labels'] };
    return candidate(object) ?? [];
  });
  return [...new Set(values)].toSorted().map((value) => ({ value, description: '' }));
}

function questionOf(
  what: ClusterCompleterName,
  word: string,
  { namespace, istioNamespace }: { readonly namespace: string; readonly istioNamespace: string },
): Question {
  const metadataOnly = true;
  switch (what) {
    case 'namespaces':
      return { path: listPath(NAMESPACE), metadataOnly, candidate: ({ name }) => name };
    case 'revisions': {
      const labels = 'istio.io/rev,!istio.io/tag';
      return {
        path: listPath(WEBHOOK),
        metadataOnly,
        labels,
        candidate: (one) => one.labels['istio.io/rev'],
      };
    }
    case 'tags': {
      const labels = 'istio.io/tag';
      return {
        path: listPath(WEBHOOK),
        metadataOnly,
        labels,
        candidate: (one) => one.labels['istio.io/tag'],
      };
    }
    case 'control-plane-pods': {
      const path = listPath(POD, istioNamespace);
      return { path, metadataOnly, labels: 'app=istiod', candidate: ({ name }) => name };
    }
    case 'deployments':
      return objectsOf(DEPLOYMENT, '', word, namespace);
    case 'services':
      return objectsOf(SERVICE, '', word, namespace);
    case 'pods': {
      const prefix = word.slice(0, word.indexOf('/') + 1);
      const typed = prefix.slice(0, -1).toLowerCase();
      const type = WORKLOADS.find(({ apiVersion, kind }) => {
        const info = findKind(kindKey(splitApiVersion(apiVersion).group, kind));
        return info !== undefined && [info.singular, info.plural, ...info.shortNames].includes(typed);
      });
      return objectsOf(type ?? POD, prefix, word, namespace);
    }
    default:
      return what satisfies never;
  }
}

/** `NAME` in the namespace; behind the dot of `NAME.NAMESPACE` the namespaces that have one of that name. */
function objectsOf(type: TypeName, prefix: string, word: string, namespace: string): Question {
  const open = word.slice(prefix.length);
  const dot = open.lastIndexOf('.');
  if (dot < 0) {
    const path = listPath(type, namespace);
    return { path, metadataOnly: true, candidate: ({ name }) => `${prefix}${name}` };
  }
  return {
    path: listPath(type),
    metadataOnly: true,
    fields: `metadata.name=${open.slice(0, dot)}`,
    candidate: (one) => `${prefix}${one.name}.${one.namespace}`,
  };
}
