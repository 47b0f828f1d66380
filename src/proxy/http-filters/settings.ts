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
  readonly #compiled = new WeakMap<Any, Compiled>();

  constructor(compile: (settings: Any) => Compiled) {
    this.#compile = compile;
  }

  of(settings: Any): Compiled {
    const known = this.#compiled.get(settings);
    if (known !== undefined) return known;
    const compiled = this.#compile(settings);
    this.#compiled.set(settings, compiled);
    return compiled;
  }

  /** The most specific one; undefined where routes say nothing. */
  first(stream: FilterStream, filterName: string): Compiled | undefined {
    const [settings] = stream.routeSettings(filterName);
    return settings === undefined ? undefined : this.of(settings);
  }

  /** All of them, the most specific first. */
  all(stream: FilterStream, filterName: string): readonly Compiled[] {
    return stream.routeSettings(filterName).map((settings) => this.of(settings));
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
