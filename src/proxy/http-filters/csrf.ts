/** Requests that change something have to come from the site itself, or from a site that is named. */

import type { Any } from '@bufbuild/protobuf/wkt';
import { CsrfPolicySchema } from '../../xds/proto/generated/envoy/extensions/filters/http/csrf/v3/csrf_pb.js';
import { compileStringMatcher } from '../route/string-matcher.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { FilterKind, FilterStream } from './filter.ts';
import { RouteSettings, isHit, unpack } from './settings.ts';

function compilePolicy(settings: Any) {
  const policy = unpack(CsrfPolicySchema, settings);
  if (policy.filterEnabled === undefined) throw new UnsupportedError('a CSRF policy without filter_enabled');
  return { ...policy, origins: policy.additionalOrigins.map(compileStringMatcher) };
}

const CHANGING = new Set(['POST', 'PUT', 'DELETE', 'PATCH']);

/** Of a URL; empty for a text that is none. */
function hostAndPort(url: string): string {
  return /^https?:\/\/([^/?#]+)/i.exec(url)?.[1] ?? '';
}

function sourceOf({ requestHeaders }: FilterStream): string {
  const origin = hostAndPort(requestHeaders.get('origin') ?? '');
  return origin === '' ? hostAndPort(requestHeaders.get('referer') ?? '') : origin;
}

export const CSRF: FilterKind = {
  typeName: CsrfPolicySchema.typeName,

  compile(name, settings, { stats, random }) {
    const base = compilePolicy(settings);
    const routes = new RouteSettings(compilePolicy);
    const missing = stats.counter('csrf.missing_source_origin');
    const invalid = stats.counter('csrf.request_invalid');
    const valid = stats.counter('csrf.request_valid');

    return {
      name,
      forStream(stream) {
        if (!CHANGING.has(stream.method)) return undefined;
        return {
          onRequestHeaders() {
            const policy = routes.first(stream, name) ?? base;
            const enabled = isHit(policy.filterEnabled, random, false);
            if (!enabled && !isHit(policy.shadowEnabled, random, false)) return 'continue';
            const source = sourceOf(stream);
            if (source === '') {
              missing.value++;
            } else if (source === stream.authority || policy.origins.some((one) => one.fits(source))) {
              valid.value++;
              return 'continue';
            } else {
              invalid.value++;
            }
            if (!enabled) return 'continue';
            stream.reply({ status: 403, body: 'Invalid origin', details: 'csrf_origin_mismatch' });
            return 'stop';
          },
        };
      },
    };
  },

  checkRouteSettings(settings) {
    compilePolicy(settings);
  },
};
