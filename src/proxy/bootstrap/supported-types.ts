/** Extensions of the Envoy API that the controller knows and the engine does not have. */

import { HTTP_FILTERS } from '../http-filters/filters.ts';

/** Packages whose types are filters, and those of them that there are beside the listed ones. */
const HTTP_PACKAGE = /^envoy\.extensions\.filters\.http\.([a-z0-9_]+)\./;
const FURTHER: readonly string[] = ['router', 'upstream_codec'];

const packages = new Set([
  ...FURTHER,
  ...HTTP_FILTERS.map(({ typeName }) => HTTP_PACKAGE.exec(typeName)?.[1] ?? ''),
]);

const TRACERS: ReadonlySet<string> = new Set([
  'envoy.config.trace.v3.ZipkinConfig',
  'envoy.config.trace.v3.OpenTelemetryConfig',
]);

/** False for the types of extensions that are refused wherever they stand. */
export function isSupportedType(name: string): boolean {
  const filter = HTTP_PACKAGE.exec(name)?.[1];
  if (filter !== undefined) return packages.has(filter);
  if (name.startsWith('envoy.config.trace.')) return TRACERS.has(name);
  return !/^envoy\.extensions\.(router\.cluster_specifiers|wasm)\./.test(name);
}
