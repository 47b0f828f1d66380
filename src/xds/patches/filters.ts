/** Patches of filters: merging into one, whatever list it stands in. */

import { type DescMessage, type MessageShape, clone } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { mergeInto, mergedAny } from './merge.ts';
import type { Outcome } from './outcome.ts';
import type { Patch } from './patch.ts';

/** What all filters have. */
type Configured =
  | { readonly case: 'typedConfig'; readonly value: Any }
  | { readonly case: string; readonly value: unknown }
  | { readonly case?: undefined; readonly value?: undefined };

interface AnyFilter {
  readonly name: string;
  readonly configType: Configured;
}

/** The packed configuration of a filter; undefined when it has none, or gets it elsewhere. */
export function configOf({ configType }: AnyFilter): Any | undefined {
  return configType.case === 'typedConfig' ? (configType.value as Any) : undefined;
}

/**
 * Merges a patch into a filter: its configuration field by field, if both are of one type. Where they are not,
 * the filter stays as it is; which is told when the patch names the filter.
 */
export function mergeFilter<Schema extends DescMessage>(
  schema: Schema,
  filter: MessageShape<Schema> & AnyFilter,
  patch: Patch & { readonly value: MessageShape<Schema> & AnyFilter },
  isNamed: boolean,
  outcome: Outcome,
): void {
  const config = configOf(filter);
  const wanted = configOf(patch.value);
  if (config === undefined || wanted === undefined) {
    mergeInto(schema, filter, patch.value, patch);
    outcome.applied(patch);
    return;
  }
  const merged = mergedAny(config, wanted, patch);
  if (merged !== undefined) {
    const rest = clone(schema, patch.value) as MessageShape<Schema> & { configType: Configured };
    rest.configType = { case: 'typedConfig', value: merged };
    mergeInto(schema, filter, rest, patch);
    outcome.applied(patch);
  } else if (isNamed) {
    outcome.report(
      patch.object,
      `${patch.place} is not merged into ${filter.name}: that has a configuration of type ` +
        `${nameOf(config)}, and the patch one of type ${nameOf(wanted)}.`,
    );
  }
}

function nameOf({ typeUrl }: Any): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
