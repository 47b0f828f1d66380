/** Checks what WasmPlugin and TrafficExtension say of a WebAssembly module. */

import type { FieldPath } from '../../../base/field-path.ts';
import { parseRequestUri, parseUrl } from '../../../base/url.ts';
import type { UrlParts } from '../../../base/url.ts';
import type { RuleReport } from '../rule.ts';

/** Both kinds generate this shape. */
export interface WasmModule {
  readonly url?: string;
  readonly sha256?: string;
  readonly pluginName?: string;
  readonly imagePullSecret?: string;
  readonly vmConfig?: { readonly env?: readonly WasmEnv[] };
}

interface WasmEnv {
  readonly name?: string;
  readonly valueFrom?: string;
  readonly value?: string;
}

const SCHEMES = ['', 'http', 'https', 'oci', 'file'];
const MAX_NAME_BYTES = 256;
const MAX_SECRET_BYTES = 253;

/** https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/ */
export function checkWasmModule(report: RuleReport, path: FieldPath, module: WasmModule): void {
  const { url, sha256, vmConfig } = module;
  // The schema reports an absent or empty address.
  if (url !== undefined && url !== '') checkUrl(report, path, url, sha256);
  checkBytes(report, [...path, 'pluginName'], module.pluginName, MAX_NAME_BYTES);
  checkBytes(report, [...path, 'imagePullSecret'], module.imagePullSecret, MAX_SECRET_BYTES);
  for (const [index, env] of (vmConfig?.env ?? []).entries()) {
    const place = [...path, 'vmConfig', 'env', index];
    checkBytes(report, [...place, 'name'], env.name, MAX_NAME_BYTES);
    if (env.valueFrom === 'HOST' && env.value !== undefined) {
      report.error([...place, 'value'], 'a variable of the host has no value here', {
        hint: 'Leave value out, or set valueFrom: INLINE.',
      });
    }
  }
}

function checkUrl(report: RuleReport, path: FieldPath, url: string, sha256: string | undefined): void {
  const parsed = parseModuleUrl(url);
  if (parsed === undefined) {
    report.error([...path, 'url'], `"${url.slice(0, 200)}" is no URL and no image reference`);
  } else if (!SCHEMES.includes(parsed.scheme)) {
    report.error([...path, 'url'], `"${parsed.scheme}" is none of the schemes http, https, oci and file`, {
      hint: 'An image of a registry with a port needs oci:// in front.',
    });
  }
  if (parseRequestUri(url) === undefined && url.includes('://')) {
    report.warn(
      [...path, 'url'],
      `"${url.slice(0, 200)}" is no sound URL, so it is taken for an image reference`,
    );
  }
  const pinned = /@sha256:([a-f0-9]{64})$/.exec(url)?.[1];
  if (pinned !== undefined && sha256 !== undefined && sha256 !== '' && pinned !== sha256) {
    report.warn([...path, 'sha256'], 'differs from the digest in url, so the module is never taken');
  }
}

/** A URL as it is, or a reference to an image, which reads as the rest of one. */
function parseModuleUrl(url: string): UrlParts | undefined {
  const text = parseRequestUri(url) === undefined ? `http://${url}` : url;
  return parseUrl(text) === undefined ? undefined : parseRequestUri(text);
}

/** The schema counts characters; the control plane counts bytes too. */
function checkBytes(report: RuleReport, path: FieldPath, text: string | undefined, limit: number): void {
  if (text === undefined || [...text].length > limit || Buffer.byteLength(text) <= limit) return;
  report.error(path, `must not be longer than ${limit} bytes, and has ${Buffer.byteLength(text)}`);
}
