/** Settings of filters: read from `Any` once, at the filter itself and at routes. */

import { type DescMessage, type MessageShape, fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { typeUrlOf } from '../../xds/proto/registry.ts';
import { checkDurations } from '../config-error.ts';
import { fractionFits } from '../route/share.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { RuntimeFractionalPercent } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { FilterStream } from './filter.ts';

/** Throws an `UnsupportedError` for a message of another type. */
export function unpack<Schema extends DescMessage>(schema: Schema, settings: Any): MessageShape<Schema> {
  if (settings.typeUrl !== typeUrlOf(schema)) throw new UnsupportedError(settings.typeUrl);
  const message = fromBinary(schema, settings.value);
  checkDurations(schema.typeName, message);
  return message;
}

/** What stands at routes, compiled at its first use and kept for as long as the route is. */
export class RouteSettings<Compiled> {
  readonly #compile: (settings: Any) => Compiled;
  readonly #compiled = new WeakMap<Any, Compiled | undefined>();

  constructor(compile: (settings: Any) => Compiled) {
    this.#compile = compile;
  }

  /** Undefined for those of another filter under the name of this one. */
  of(settings: Any): Compiled | undefined {
    if (!this.#compiled.has(settings)) this.#compiled.set(settings, this.#read(settings));
    return this.#compiled.get(settings);
  }

  #read(settings: Any): Compiled | undefined {
    try {
      return this.#compile(settings);
    } catch {
      // What is wrong for its own filter was refused with its route.
      return undefined;
    }
  }

  /** The most specific one; undefined where routes say nothing. */
  first(stream: FilterStream, filterName: string): Compiled | undefined {
    const [settings] = stream.routeSettings(filterName);
    return settings === undefined ? undefined : this.of(settings);
  }

  /** All of them, the most specific first. */
  all(stream: FilterStream, filterName: string): readonly Compiled[] {
    return stream.routeSettings(filterName).flatMap((settings) => this.of(settings) ?? []);
  }
}

/** Whether a share of requests is hit; there are no runtime values, so that the default counts. */
export function isHit(
  share: RuntimeFractionalPercent | undefined,
  random: () => number,
  absent: boolean,
): boolean {
  const percent = share?.defaultValue;
  return percent === undefined ? absent : fractionFits(percent, random());
}
