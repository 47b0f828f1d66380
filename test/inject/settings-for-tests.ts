/** Settings of an injection with a fixed version, and short ways to look at what came of it. */

import { load } from 'js-yaml';
import { injectText } from '../../src/inject/inject.ts';
import { injectSettings } from '../../src/inject/sources.ts';
import type { InjectSources } from '../../src/inject/sources.ts';
import type { InjectSettings } from '../../src/inject/settings.ts';
import type { JsonMap } from '../../src/inject/yaml/value.ts';

export function testSettings(sources: Omit<InjectSources, 'version'> = {}): InjectSettings {
  return injectSettings({ version: '1.2.3', ...sources });
}

export interface Container extends JsonMap {
  name: string;
  image: string;
  args: string[];
  env: { name: string; value: string }[];
}

/** What a pod is after injection. */
export interface InjectedPod {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly volumes: readonly JsonMap[];
  readonly spec: JsonMap;
  /** The container of a name, wherever it is. */
  container(name: string): Container;
  /** The value of an environment variable of the proxy. */
  env(name: string): string | undefined;
  /** What follows a flag of istio-init. */
  flag(name: string): string | undefined;
}

/** Injects a pod with one container `app`, and the annotations, labels and spec given. */
export function injectedPod(
  pod: { annotations?: Record<string, string>; labels?: Record<string, string>; spec?: JsonMap } = {},
  sources: Omit<InjectSources, 'version'> = {},
): InjectedPod {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'shop',
      ...(pod.labels === undefined ? {} : { labels: pod.labels }),
      ...(pod.annotations === undefined ? {} : { annotations: pod.annotations }),
    },
    spec: {
      containers: [{ name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 80 }] }],
      ...pod.spec,
    },
  };
  return podOf(injectText(JSON.stringify(object), testSettings(sources)).text);
}

/** The pod in a text. */
export function podOf(text: string): InjectedPod {
  const { metadata, spec } = load(text) as {
    metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
    spec: JsonMap & { containers: Container[]; initContainers?: Container[]; volumes?: JsonMap[] };
  };
  const { containers, initContainers = [], volumes = [] } = spec;
  const container = (name: string): Container => {
    const found = [...initContainers, ...containers].find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no container ${name}`);
    return found;
  };
  return {
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    containers,
    initContainers,
    volumes,
    spec,
    container,
    env: (name) => container('istio-proxy').env.find((one) => one.name === name)?.value,
    flag(name) {
      const { args } = container('istio-init');
      const at = args.indexOf(name);
      return at < 0 ? undefined : args[at + 1];
    },
  };
}
