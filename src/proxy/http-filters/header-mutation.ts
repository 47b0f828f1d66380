/** Headers that are added, changed and removed, before routing and beyond what routes do. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { HeaderMutation as Mutation } from '../../xds/proto/generated/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js';
import {
  HeaderMutationPerRouteSchema,
  HeaderMutationSchema,
  type Mutations,
} from '../../xds/proto/generated/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js';
import type { FilterKind } from './filter.ts';
import {
  type HeaderEditor,
  compileHeaderOption,
  requestHeadersOf,
  responseHeadersOf,
} from './header-edits.ts';
import { RouteSettings, unpack } from './settings.ts';

interface Edits {
  readonly request: readonly HeaderEditor[];
  readonly response: readonly HeaderEditor[];
}

function compileMutations(mutations: Mutations | undefined): Edits {
  return {
    request: (mutations?.requestMutations ?? []).map(compileMutation),
    response: (mutations?.responseMutations ?? []).map(compileMutation),
  };
}

function compileMutation({ action }: Mutation): HeaderEditor {
  switch (action.case) {
    case 'append':
      return compileHeaderOption(action.value);
    case 'remove': {
      const name = action.value.toLowerCase();
      return (headers) => headers.remove(name);
    }
    default:
      return () => undefined;
  }
}

function routeEdits(settings: Any): Edits {
  return compileMutations(unpack(HeaderMutationPerRouteSchema, settings).mutations);
}

export const HEADER_MUTATION: FilterKind = {
  typeName: HeaderMutationSchema.typeName,

  compile(name, settings) {
    const config = unpack(HeaderMutationSchema, settings);
    const base = compileMutations(config.mutations);
    const routes = new RouteSettings(routeEdits);
    return {
      name,
      forStream(stream) {
        // The last one wins, which is the least specific unless the configuration turns that around.
        const levels = [...routes.all(stream, name)];
        if (config.mostSpecificHeaderMutationsWins) levels.reverse();
        const all = [base, ...levels];
        const response = all.flatMap((edits) => edits.response);
        return {
          onRequestHeaders() {
            const headers = requestHeadersOf(stream);
            for (const { request } of all) for (const edit of request) edit(headers, stream.info);
            return 'continue';
          },
          onResponseHeaders(_, __, list) {
            if (response.length === 0) return 'continue';
            const headers = responseHeadersOf(stream, list);
            for (const edit of response) edit(headers, stream.info);
            return 'continue';
          },
        };
      },
    };
  },

  checkRouteSettings(settings) {
    routeEdits(settings);
  },
};
