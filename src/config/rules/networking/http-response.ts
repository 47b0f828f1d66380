/** Checks routes that answer by themselves, or change the URI: redirect, direct response and rewrite. */

import type {
  HTTPDirectResponse,
  HTTPMatchRequest,
  HTTPRedirect,
  HTTPRewrite,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkRegex } from './string-match.ts';

const KIB = 1024;
const MAX_BODY = 1024 * KIB;
const LARGE_BODY = 100 * KIB;

/** `matches` are those of the same route: a prefix can only be replaced where one was matched. */
export function checkRedirect(
  report: RuleReport,
  path: FieldPath,
  redirect: HTTPRedirect | undefined,
  matches: readonly HTTPMatchRequest[],
): void {
  if (redirect === undefined) return;
  const { uri = '', prefixRewrite = '', authority = '', scheme = '', redirectCode = 0 } = redirect;
  const hasPort = redirect.port !== undefined || redirect.derivePort !== undefined;
  if (uri !== '' && prefixRewrite !== '') {
    report.error(path, 'uri and prefixRewrite exclude each other; keep one', { check: 'ExclusiveFields' });
  }
  if (
    prefixRewrite !== '' &&
    matches.some((match) => match.uri !== undefined && match.uri.prefix === undefined)
  ) {
    report.error(
      [...path, 'prefixRewrite'],
      'replaces a matched prefix, so all conditions on the URI must be of type prefix',
    );
  }
  if (uri === '' && prefixRewrite === '' && authority === '' && scheme === '' && !hasPort) {
    report.error(path, 'must change something: give a uri, prefixRewrite, authority, scheme or port', {
      check: 'MissingField',
    });
  }
  if (redirectCode > 0 && redirectCode < 300) {
    report.error([...path, 'redirectCode'], `${redirectCode} is no redirect; use 300 to 399`);
  }
  if (scheme !== '' && scheme !== 'http' && scheme !== 'https') {
    report.error([...path, 'scheme'], `"${scheme}" must be "http" or "https"`);
  }
}

/** The body is kept in memory of the control plane and of each proxy. */
export function checkDirectResponse(
  report: RuleReport,
  path: FieldPath,
  response: HTTPDirectResponse | undefined,
): void {
  if (response === undefined) return;
  warnStatus600(report, [...path, 'status'], response.status);
  const { string, bytes } = response.body ?? {};
  const size = string === undefined ? base64Size(bytes ?? '') : Buffer.byteLength(string);
  const place = [...path, 'body', string === undefined ? 'bytes' : 'string'];
  if (size > MAX_BODY) {
    report.error(place, `must not be larger than 1 MiB, and is ${size} bytes; serve it from a workload`, {});
  } else if (size > LARGE_BODY) {
    report.warn(place, `is ${size} bytes, which all proxies must hold; serve it from a workload`);
  }
}

/** Rewrites the URI in one way, the authority, or both. */
export function checkRewrite(report: RuleReport, path: FieldPath, rewrite: HTTPRewrite | undefined): void {
  if (rewrite === undefined) return;
  const { uri = '', authority = '', uriRegexRewrite } = rewrite;
  if (uri !== '' && uriRegexRewrite !== undefined) {
    report.error(path, 'uri and uriRegexRewrite exclude each other; keep one', { check: 'ExclusiveFields' });
  }
  if (uri === '' && authority === '' && uriRegexRewrite === undefined) {
    report.error(path, 'must rewrite something: give a uri, uriRegexRewrite or authority', {
      check: 'MissingField',
    });
  }
  if (uriRegexRewrite === undefined) return;
  const place = [...path, 'uriRegexRewrite'];
  for (const field of ['match', 'rewrite'] as const) {
    if ((uriRegexRewrite[field] ?? '') === '') {
      report.error([...place, field], 'must be there and not be empty', { check: 'MissingField' });
    }
  }
  if ((uriRegexRewrite.match ?? '') !== '')
    checkRegex(report, [...place, 'match'], uriRegexRewrite.match ?? '');
}

/** The control plane takes 600 as a status; Envoy refuses the whole route configuration for it. */
export function warnStatus600(report: RuleReport, path: FieldPath, status: number | undefined): void {
  if (status === 600) report.warn(path, '600 is no HTTP status, and proxies refuse it; use 200 to 599');
}

function base64Size(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}
