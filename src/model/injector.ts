/** How sidecars are injected: what the injector's ConfigMap of a revision says. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import { embeddedFindings } from '../config/checks/embedded.ts';
import type { Snapshot } from './snapshot.ts';

type InjectorValues = KindTypes['mesh.istio.io/InjectorValues'];

export interface InjectorSettings {
  /** Pods of namespaces that do not say get a sidecar. */
  readonly enableNamespacesByDefault: boolean;
  /** Image of the sidecar, without a variant; undefined when the values do not tell. */
  readonly proxyImage: string | undefined;
}

const CONFIG_MAP = 'istio-sidecar-injector';
/** Variants that a tag may end in already. */
const VARIANT_SUFFIX = /-(?:debug|distroless)$/;

/** The injectors of the input, by revision. Reads core/ConfigMap. */
export class Injectors {
  readonly #snapshot: Snapshot;
  readonly #read = new Map<string, InjectorSettings | undefined>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** The injector of a revision; '' and `default` are the one without a name. Undefined when it is not there. */
  ofRevision(revision: string): InjectorSettings | undefined {
    const name = revision === '' || revision === 'default' ? CONFIG_MAP : `${CONFIG_MAP}-${revision}`;
    if (!this.#read.has(name)) this.#read.set(name, this.#load(name));
    return this.#read.get(name);
  }

  #load(name: string): InjectorSettings | undefined {
    const { istioNamespace } = this.#snapshot.mesh;
    const maps = this.#snapshot.list('core/ConfigMap').filter(({ meta }) => meta.name === name);
    const map = maps.find((one) => this.#snapshot.namespaceOf(one) === istioNamespace) ?? maps[0];
    if (map === undefined) return undefined;
    const part = embeddedFindings(map).find((one) => 'key' in one);
    // The type checks of validate, which an object passes before it gets into a snapshot, read this text too.
    const values = part === undefined || !('key' in part) ? {} : (part.value as InjectorValues);
    return {
      enableNamespacesByDefault: values.sidecarInjectorWebhook?.enableNamespacesByDefault === true,
      proxyImage: proxyImage(values),
    };
  }
}

/** The injector's templates make the same choice: an image with a slash is whole, others stand below the hub. */
function proxyImage({ global = {} }: InjectorValues): string | undefined {
  const image = global.proxy?.image ?? '';
  if (image.includes('/')) return image;
  const { hub = '', tag } = global;
  if (image === '' || hub === '' || (typeof tag !== 'string' && typeof tag !== 'number')) return undefined;
  return `${hub}/${image}:${tag}`;
}

/** The images that an injector gives a pod: with the variant, or without. */
export function injectedImages(image: string, variant: string): ReadonlySet<string> {
  const plain = image.replace(VARIANT_SUFFIX, '');
  if (variant === 'default') return new Set([image, plain]);
  return new Set(variant === '' ? [image] : [image, `${image}-${variant}`, `${plain}-${variant}`]);
}
