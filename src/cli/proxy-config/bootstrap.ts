/** `mesh proxy-config bootstrap`. */

import { tabwriter } from '../output/tabwriter.ts';
import type { ConfigDump } from './dump.ts';
import { field, isObject, number, text } from './fields.ts';

/** The versions that the proxy was started with. */
export function bootstrapTable(dump: ConfigDump): string {
  const node = field(dump.section('BootstrapConfigDump'), 'bootstrap', 'node');
  const metadata = field(node, 'metadata');
  const rows = [
    ['Istio Version:', plain(metadata, 'ISTIO_VERSION')],
    ['Istio Proxy Version:', shaOf(plain(metadata, 'ISTIO_PROXY_SHA'))],
    ['Envoy Version:', buildVersion(field(node, 'user_agent_build_version'))],
  ];
  return tabwriter(
    rows.filter(([, version]) => version !== ''),
    1,
  );
}

/** A field of free metadata, whose names are what they are. */
function plain(metadata: unknown, name: string): string {
  const value = isObject(metadata) ? metadata[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function shaOf(text: string): string {
  return text.split(':')[1] ?? text;
}

/** `1.36.2/Clean/RELEASE/BoringSSL`. */
function buildVersion(build: unknown): string {
  const version = ['major_number', 'minor_number', 'patch'].map((part) => number(build, 'version', part));
  const metadata = field(build, 'metadata');
  const label = plain(metadata, 'build.label');
  const rest = ['revision.status', 'build.type', 'ssl.version'].map((name) => plain(metadata, name));
  return [
    `${version.join('.')}${label === '' ? '' : `-${label}`}`,
    ...rest.filter((part) => part !== ''),
  ].join('/');
}

/** The version of the mesh that a proxy was started with; empty when its dump does not tell. */
export function meshVersionOf(dump: ConfigDump): string {
  return text(dump.section('BootstrapConfigDump'), 'bootstrap', 'node', 'metadata', 'ISTIO_VERSION');
}
