/** What becomes of a request that a route takes: sent on, sent elsewhere, or answered. */

import { base64Decode } from '@bufbuild/protobuf/wire';
import type { HttpRoute } from '../../model/virtual-services.ts';
import { tellsForwardedHost } from '../http-filters/proxy-headers.ts';
import type { Input } from '../input.ts';
import {
  type RedirectActionSchema,
  RedirectAction_RedirectResponseCode,
  type RouteActionSchema,
  type RouteAction_RequestMirrorPolicySchema,
  type RouteSchema,
  type WeightedCluster_ClusterWeightSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import { type Init, ZERO, durationOf } from '../values.ts';
import { type KnownServices, type ResolvedDestination, resolveDestination } from './destination.ts';
import { type HeaderEdits, headerEdits } from './headers.ts';
import { type Fraction, fractionOf, wholePercent } from './percent.ts';
import { retryPolicy } from './retry.ts';

export type RouteInit = Init<typeof RouteSchema>;
type RouteAction = Init<typeof RouteActionSchema>;

/** What of an HTTP route depends on where it is used. */
export interface RouteContext {
  readonly input: Input;
  /** The port that clients call, 0 when that can be any. */
  readonly listenPort: number;
  /** `mesh`, or the names of the gateway's Gateways: matches may name them. */
  readonly gateways: ReadonlySet<string>;
  /** The listener ends TLS. */
  readonly tls: boolean;
  /** What destinations may name; without it all that the proxy knows. */
  readonly services?: KnownServices;
}

/** The action and the header edits of a rule. */
export function routeAction(
  rule: HttpRoute,
  context: RouteContext,
): Pick<RouteInit, 'action'> & HeaderEdits & { readonly sentTo: ResolvedDestination | undefined } {
  const { edits, authority } = headerEdits(rule);
  if (rule.redirect !== undefined) {
    return { ...redirect(rule.redirect, context), ...edits, sentTo: undefined };
  }
  if (rule.directResponse !== undefined) {
    return { action: directResponse(rule.directResponse), ...edits, sentTo: undefined };
  }
  return forward(rule, edits, authority, context);
}

function directResponse(
  response: NonNullable<HttpRoute['directResponse']>,
): Extract<RouteInit['action'], { case: 'directResponse' }> {
  const { string, bytes } = response.body ?? {};
  const body =
    string !== undefined
      ? { specifier: { case: 'inlineString' as const, value: string } }
      : bytes !== undefined
        ? { specifier: { case: 'inlineBytes' as const, value: base64Decode(bytes) } }
        : undefined;
  return {
    case: 'directResponse',
    value: { status: response.status ?? 0, ...(body !== undefined && { body }) },
  };
}

/** What Envoy can redirect with. */
export const REDIRECT_CODES: Readonly<Record<number, RedirectAction_RedirectResponseCode>> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

function redirect(
  to: NonNullable<HttpRoute['redirect']>,
  { listenPort, tls }: RouteContext,
): Pick<RouteInit, 'action'> {
  const code = to.redirectCode ?? 0;
  const responseCode = REDIRECT_CODES[code === 0 ? 301 : code];
  // Without an action Envoy would refuse all routes of the listener.
  if (responseCode === undefined) return { action: { case: 'directResponse', value: { status: 500 } } };
  const scheme = to.scheme ?? '';
  const asked = to.derivePort === 'FROM_REQUEST_PORT' ? listenPort : (to.port ?? 0);
  const shown = scheme === '' ? (tls ? 'https' : 'http') : scheme;
  const isDefault = (asked === 80 && shown === 'http') || (asked === 443 && shown === 'https');
  const value: Init<typeof RedirectActionSchema> = {
    hostRedirect: to.authority ?? '',
    portRedirect: isDefault ? 0 : asked,
    responseCode,
    pathRewriteSpecifier:
      to.prefixRewrite !== undefined && to.prefixRewrite !== ''
        ? { case: 'prefixRewrite', value: to.prefixRewrite }
        : { case: 'pathRedirect', value: to.uri ?? '' },
    ...(scheme !== '' && { schemeRewriteSpecifier: { case: 'schemeRedirect' as const, value: scheme } }),
  };
  return { action: { case: 'redirect', value } };
}

function forward(
  rule: HttpRoute,
  edits: HeaderEdits,
  setHost: string,
  context: RouteContext,
): Pick<RouteInit, 'action'> & HeaderEdits & { readonly sentTo: ResolvedDestination | undefined } {
  const { input, listenPort, services } = context;
  const mesh = input.snapshot.mesh.config;
  const routes = rule.route ?? [];
  const [first] = routes;
  const only = routes.length === 1 ? first : undefined;
  const destinations = routes.map((route) =>
    resolveDestination(route.destination, listenPort, input, services),
  );
  const own = only === undefined ? undefined : headerEdits(only);
  const rewritten = rule.rewrite?.authority ?? '';
  const authority = [rewritten, setHost, own?.authority ?? ''].find((one) => one !== '');
  const hashes = destinations
    .filter((_, index) => only !== undefined || (routes[index]?.weight ?? 0) > 0)
    .flatMap(({ hash }) => hash ?? []);
  const retries = retryPolicy(rule.retries, mesh, only !== undefined && hashes.length > 0);
  const mirrors = mirrorPolicies(rule, context);
  const timeout = durationOf(rule.timeout) ?? ZERO;
  const sentTo = only === undefined ? undefined : destinations[0];
  const value: RouteAction = {
    clusterSpecifier:
      sentTo === undefined
        ? { case: 'weightedClusters', value: { clusters: weights(rule, destinations) } }
        : { case: 'cluster', value: sentTo.cluster },
    timeout,
    maxGrpcTimeout: timeout,
    ...rewrites(rule.rewrite),
    ...(rule.rewrite !== undefined && tellsForwardedHost(input) && { appendXForwardedHost: true }),
    ...(authority !== undefined && {
      hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: authority },
    }),
    ...(retries !== undefined && { retryPolicy: retries }),
    ...(mirrors.length > 0 && { requestMirrorPolicies: mirrors }),
    ...(hashes.length > 0 && { hashPolicy: hashes }),
  };
  return {
    action: { case: 'route', value },
    ...(own === undefined ? edits : joined(edits, own.edits)),
    sentTo,
  };
}

function joined(a: HeaderEdits, b: HeaderEdits): HeaderEdits {
  return {
    requestHeadersToAdd: [...a.requestHeadersToAdd, ...b.requestHeadersToAdd],
    requestHeadersToRemove: [...a.requestHeadersToRemove, ...b.requestHeadersToRemove],
    responseHeadersToAdd: [...a.responseHeadersToAdd, ...b.responseHeadersToAdd],
    responseHeadersToRemove: [...a.responseHeadersToRemove, ...b.responseHeadersToRemove],
  };
}

function rewrites(rewrite: HttpRoute['rewrite']): Pick<RouteAction, 'prefixRewrite' | 'regexRewrite'> {
  const pattern = rewrite?.uriRegexRewrite;
  if (pattern !== undefined) {
    return {
      regexRewrite: { pattern: { regex: pattern.match ?? '' }, substitution: pattern.rewrite ?? '' },
    };
  }
  const uri = rewrite?.uri ?? '';
  return uri === '' ? {} : { prefixRewrite: uri };
}

function weights(
  rule: HttpRoute,
  destinations: readonly ResolvedDestination[],
): Init<typeof WeightedCluster_ClusterWeightSchema>[] {
  return (rule.route ?? []).flatMap((route, index) => {
    const weight = route.weight ?? 0;
    const destination = destinations[index];
    if (weight === 0 || destination === undefined) return [];
    const { edits, authority } = headerEdits(route);
    return [
      {
        name: destination.cluster,
        weight,
        ...edits,
        ...(authority !== '' && {
          hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: authority },
        }),
      },
    ];
  });
}

function mirrorPolicies(
  rule: HttpRoute,
  { input, listenPort, services }: RouteContext,
): Init<typeof RouteAction_RequestMirrorPolicySchema>[] {
  const single = rule.mirror === undefined ? [] : [{ destination: rule.mirror, share: mirrorShare(rule) }];
  const several = (rule.mirrors ?? []).map(({ destination, percentage }) => ({
    destination,
    share: percentage === undefined ? wholePercent(100) : fractionOf(percentage),
  }));
  return [...single, ...several]
    .filter(({ destination, share }) => destination !== undefined && (share.numerator ?? 0) > 0)
    .map(({ destination, share }) => ({
      cluster: resolveDestination(destination, listenPort, input, services).cluster,
      runtimeFraction: { defaultValue: share },
      traceSampled: false,
      // The copy is for the host that the request was for, not for one with `-shadow` behind it.
      disableShadowHostSuffixAppend: true,
    }));
}

function mirrorShare(rule: HttpRoute): Fraction {
  if (rule.mirrorPercentage !== undefined) return fractionOf(rule.mirrorPercentage);
  return wholePercent(rule.mirrorPercent ?? rule.mirror_percent ?? 100);
}
