/** Resources that the main process has taken and hands on: what a worker has in place of the controller. */

import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { ResourceSources } from '../xds-client/config-sources.ts';
import type { RawResource, Refusal, ResourceHandler } from '../xds-client/resource-types.ts';
import type { TypeState } from '../xds-client/type-state.ts';

interface Relayed {
  readonly held: Map<string, RawResource>;
  readonly names: Map<string, number>;
  wantsAll: boolean;
  /** The main process has said something of this type. */
  answered: boolean;
  handler: ResourceHandler | undefined;
}

export class RelaySources implements ResourceSources {
  readonly #types = new Map<string, Relayed>();

  handle(typeUrl: string, handler: ResourceHandler): void {
    this.#type(typeUrl).handler = handler;
  }

  check(): void {
    // The main process has taken only what there is a source for.
  }

  subscribe(_source: ConfigSource, typeUrl: string, name: string | undefined): () => void {
    const type = this.#type(typeUrl);
    if (name === undefined) {
      type.wantsAll = true;
      if (type.answered) type.handler?.apply([...type.held.values()], []);
      return () => undefined;
    }
    const count = type.names.get(name) ?? 0;
    type.names.set(name, count + 1);
    const held = type.held.get(name);
    if (count === 0 && held !== undefined) type.handler?.apply([held], []);
    return () => {
      const left = (type.names.get(name) ?? 0) - 1;
      if (left > 0) type.names.set(name, left);
      else type.names.delete(name);
    };
  }

  /** What the main process has taken. It refused what cannot be taken, so that as a rule nothing is refused here. */
  take(typeUrl: string, added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    const type = this.#type(typeUrl);
    type.answered = true;
    for (const one of added) type.held.set(one.name, one);
    for (const name of removed) type.held.delete(name);
    const wanted = ({ name }: { readonly name: string }): boolean => type.wantsAll || type.names.has(name);
    const news = added.filter(wanted);
    const gone = removed.filter((name) => wanted({ name }));
    if (!type.wantsAll && news.length === 0 && gone.length === 0) return [];
    return type.handler?.apply(news, gone) ?? [];
  }

  /** A worker shows nothing of its own. */
  states(): Iterable<TypeState> {
    return [];
  }

  close(): void {
    this.#types.clear();
  }

  #type(typeUrl: string): Relayed {
    let type = this.#types.get(typeUrl);
    if (type === undefined) {
      type = { held: new Map(), names: new Map(), wantsAll: false, answered: false, handler: undefined };
      this.#types.set(typeUrl, type);
    }
    return type;
  }
}
