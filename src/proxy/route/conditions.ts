/** The conditions of a route: path, headers, query parameters, share of requests. */

import {
  type HeaderMatcher,
  type QueryParameterMatcher,
  type RouteMatch,
  RouteMatchSchema,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { type RouteRequest, headerValue, partOf, queryParameter } from './request.ts';
import { type PathMatcher, compilePath } from './path-matcher.ts';
import { fractionFits } from './share.ts';
import { sharing } from './shared-parts.ts';
import {
  type TextMatcher,
  compileStringMatcher,
  containedText,
  exactText,
  prefixText,
  regexText,
  suffixText,
} from './string-matcher.ts';
import { UnsupportedError } from './unsupported.ts';

export interface Condition {
  holds(request: RouteRequest): boolean;
  /** What has to hold, as `header end-user exact "jason"`. */
  readonly description: string;
}

export interface CompiledMatch {
  readonly path: PathMatcher;
  /** All of them, the path's first. */
  readonly conditions: readonly Condition[];
}

/** Compiles a route's match. Throws an `UnsupportedError` for what is not known here. */
export function compileMatch(match: RouteMatch, ignorePathParameters: boolean): CompiledMatch {
  return ignorePathParameters ? withoutParameters(match) : asWritten(match);
}

const asWritten = sharing(RouteMatchSchema, (match) => compiledMatch(match, false));
const withoutParameters = sharing(RouteMatchSchema, (match) => compiledMatch(match, true));

function compiledMatch(match: RouteMatch, ignorePathParameters: boolean): CompiledMatch {
  const path = compilePath(match, ignorePathParameters);
  const conditions: Condition[] = [
    { holds: (request) => path.fits(request), description: path.description },
    ...match.headers.map(compileHeader),
    ...match.queryParameters.map(compileQuery),
  ];
  const share = match.runtimeFraction?.defaultValue;
  if (share !== undefined) {
    conditions.push({
      holds: ({ random }) => fractionFits(share, random),
      description: 'the share of requests',
    });
  }
  if (match.grpc !== undefined) conditions.push(GRPC);
  if (match.tlsContext !== undefined) throw new UnsupportedError('tls_context');
  if (match.dynamicMetadata.length > 0) {
    // Nothing sets metadata before routing, so only conditions turned around hold.
    const inverted = match.dynamicMetadata.every(({ invert }) => invert);
    conditions.push({ holds: () => inverted, description: 'claims of a token' });
  }
  return { path, conditions };
}

const GRPC: Condition = {
  holds: (request) => /^application\/grpc(\+|;|$)/.test(headerValue(request, 'content-type') ?? ''),
  description: 'gRPC requests only',
};

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#headermatcher */
export function compileHeader(matcher: HeaderMatcher): Condition {
  const name = matcher.name.toLowerCase();
  const { invertMatch: invert, treatMissingHeaderAsEmpty } = matcher;
  const specifier = matcher.headerMatchSpecifier;
  const not = invert ? 'not ' : '';
  if (specifier.case === undefined || specifier.case === 'presentMatch') {
    const wanted = (specifier.value ?? true) !== invert;
    const part = partOf(name);
    return {
      holds: (request) =>
        (part === undefined ? request.headers.has(name) : part(request) !== undefined) === wanted,
      description: `header ${name} ${wanted ? 'present' : 'absent'}`,
    };
  }
  const text = headerText(specifier);
  // A header that is not there fits nothing, turned around or not.
  const missing = treatMissingHeaderAsEmpty && text.fits('') !== invert;
  return {
    holds: valueHolds(name, text, invert, missing),
    description: `header ${name} ${not}${text.description}`,
  };
}

function valueHolds(
  name: string,
  text: TextMatcher,
  invert: boolean,
  missing: boolean,
): (request: RouteRequest) => boolean {
  const part = partOf(name);
  if (part !== undefined) {
    return (request) => {
      const value = part(request);
      return value === undefined ? missing : text.fits(value) !== invert;
    };
  }
  return ({ headers: { names, values } }) => {
    let index = names.indexOf(name);
    if (index < 0) return missing;
    // Of several values one is enough.
    for (; index >= 0; index = names.indexOf(name, index + 1)) {
      if (text.fits(values[index] ?? '')) return !invert;
    }
    return invert;
  };
}

function headerText(
  specifier: Exclude<HeaderMatcher['headerMatchSpecifier'], { case: undefined | 'presentMatch' }>,
): TextMatcher {
  switch (specifier.case) {
    case 'stringMatch':
      return compileStringMatcher(specifier.value);
    case 'exactMatch':
      return exactText(specifier.value);
    case 'prefixMatch':
      return prefixText(specifier.value);
    case 'suffixMatch':
      return suffixText(specifier.value);
    case 'containsMatch':
      return containedText(specifier.value);
    case 'safeRegexMatch':
      return regexText(specifier.value.regex);
    case 'rangeMatch': {
      const { start, end } = specifier.value;
      return {
        fits: (text) =>
          /^[+-]?\d{1,19}$/.test(text) &&
          BigInt(text.replace('+', '')) >= start &&
          BigInt(text.replace('+', '')) < end,
        description: `from ${start} to below ${end}`,
      };
    }
  }
}

export function compileQuery({
  name,
  queryParameterMatchSpecifier: specifier,
}: QueryParameterMatcher): Condition {
  if (specifier.case === 'stringMatch') {
    const text = compileStringMatcher(specifier.value);
    return {
      holds({ path }) {
        const value = queryParameter(path, name);
        return value !== undefined && text.fits(value);
      },
      description: `query parameter ${name} ${text.description}`,
    };
  }
  return {
    holds: ({ path }) => queryParameter(path, name) !== undefined,
    description: `query parameter ${name} present`,
  };
}
