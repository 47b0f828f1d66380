/** Which pods and namespaces a report is about: `NAMESPACES/DEPLOYMENTS/PODS/LABELS/ANNOTATIONS/CONTAINERS`. */

import { MeshError } from '../../base/mesh-error.ts';
import { matchPart } from '../../config/sources/glob-match.ts';

/** What a pod is matched by. */
export interface PodFacts {
  readonly namespace: string;
  /** Empty when it belongs to none. */
  readonly deployment: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Spec {
  readonly namespaces: readonly string[];
  readonly deployments: readonly string[];
  readonly pods: readonly string[];
  readonly labels: readonly (readonly [string, string])[];
  readonly annotations: readonly (readonly [string, string])[];
  readonly containers: readonly string[];
}

/** Left out unless they are named. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'];

export class Selection {
  readonly #include: readonly Spec[];
  readonly #exclude: readonly Spec[];

  /** Throws a `MeshError` for a text of another form. */
  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map((text) => parseSpec(text, 'include'));
    this.#exclude = [
      ...exclude.map((text) => parseSpec(text, 'exclude')),
      ...(include.length === 0 ? [parseSpec(SYSTEM_NAMESPACES.join(','), 'exclude')] : []),
    ];
  }

  /** The namespaces that are named without a `*`; undefined when others may be meant too. */
  get namespaces(): readonly string[] | undefined {
    const named = this.#include.map(({ namespaces }) => namespaces);
    const isOpen = named.length === 0 || named.some((list) => list.length === 0 || list.some(isPattern));
    return isOpen ? undefined : [...new Set(named.flat())];
  }

  /** Whether anything of a namespace may be read. */
  wantsNamespace(namespace: string): boolean {
    const isIn = ({ namespaces }: Spec): boolean => matchesAny(namespaces, namespace);
    const isWhole = (spec: Spec): boolean =>
      [spec.deployments, spec.pods, spec.labels, spec.annotations, spec.containers].every(
        ({ length }) => length === 0,
      );
    return (
      (this.#include.length === 0 || this.#include.some(isIn)) &&
      !this.#exclude.some((spec) => isWhole(spec) && spec.namespaces.length > 0 && isIn(spec))
    );
  }

  wantsPod(pod: PodFacts): boolean {
    if (!this.wantsNamespace(pod.namespace)) return false;
    const excluded = this.#exclude.some((spec) => spec.containers.length === 0 && matchesPod(spec, pod));
    return !excluded && (this.#include.length === 0 || this.#include.some((spec) => matchesPod(spec, pod)));
  }

  wantsContainer(pod: PodFacts, container: string): boolean {
    const named = this.#include.filter((spec) => matchesPod(spec, pod));
    const isIn = named.length === 0 || named.some(({ containers }) => matchesAny(containers, container));
    const isOut = this.#exclude.some(
      (spec) => spec.containers.length > 0 && matchesPod(spec, pod) && matchesAny(spec.containers, container),
    );
    return isIn && !isOut;
  }

  /** Whether containers are named, so that others than the mesh's own are meant. */
  namesContainer(pod: PodFacts, container: string): boolean {
    return this.#include.some(
      (spec) => spec.containers.length > 0 && matchesPod(spec, pod) && matchesAny(spec.containers, container),
    );
  }
}

function parseSpec(text: string, flag: string): Spec {
  const parts = text.split('/').map((part) => part.split(',').filter((one) => one !== ''));
  if (parts.length > 6 || text.trim() === '') {
    throw new MeshError('BadFlagValue', `--${flag} is "${text}", but has at most six parts between slashes`, {
      hint: 'They are NAMESPACES/DEPLOYMENTS/PODS/LABELS/ANNOTATIONS/CONTAINERS, with commas within a part and * for any text.',
    });
  }
  const [namespaces = [], deployments = [], pods = [], labels = [], annotations = [], containers = []] =
    parts;
  return {
    namespaces,
    deployments,
    pods,
    labels: labels.map((one) => pairOf(one, flag)),
    annotations: annotations.map((one) => pairOf(one, flag)),
    containers,
  };
}

function pairOf(text: string, flag: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new MeshError('BadFlagValue', `"${text}" in --${flag} is no label or annotation: write NAME=VALUE`);
}

function matchesPod(spec: Spec, pod: PodFacts): boolean {
  return (
    matchesAny(spec.namespaces, pod.namespace) &&
    matchesAny(spec.deployments, pod.deployment) &&
    matchesAny(spec.pods, pod.name) &&
    spec.labels.every(([name, value]) => matchPart(value, pod.labels[name] ?? '')) &&
    spec.annotations.every(([name, value]) => matchPart(value, pod.annotations[name] ?? ''))
  );
}

/** An empty list means any. */
function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matchPart(pattern, text));
}

function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}
