/** Which connections a filter chain takes, in one line. */

import { field, list, number, text, texts } from './fields.ts';

/** Lists of application protocols that mean something. */
const PROTOCOLS: readonly (readonly [string, string])[] = [
  ['App: HTTP TLS', 'http/1.0,http/1.1,h2c,istio-http/1.0,istio-http/1.1,istio-h2'],
  ['App: Istio HTTP Plain', 'istio,istio-http/1.0,istio-http/1.1,istio-h2'],
  ['App: TCP TLS', 'istio-peer-exchange,istio'],
  ['App: HTTP', 'http/1.0,http/1.1,h2c'],
];

/** `SNI: …; Trans: tls; App: HTTP TLS; Addr: 10.0.0.1/32:80`, or `ALL`. */
export function describeChainMatch(match: unknown): string {
  const names = texts(match, 'server_names');
  const transport = text(match, 'transport_protocol');
  const applications = texts(match, 'application_protocols').join(',');
  const parts = [
    ...(names.length === 0 ? [] : [`SNI: ${names.join(',')}`]),
    ...(transport === '' ? [] : [`Trans: ${transport}`]),
    ...(applications === '' ? [] : [describeApplications(applications)]),
    ...describeAddresses(match),
  ];
  return parts.length === 0 ? 'ALL' : parts.join('; ');
}

function describeApplications(applications: string): string {
  const known = PROTOCOLS.find(([, protocols]) => protocols === applications);
  return known?.[0] ?? `App: ${applications}`;
}

function describeAddresses(match: unknown): readonly string[] {
  const port = field(match, 'destination_port') === undefined ? '' : `:${number(match, 'destination_port')}`;
  const ranges = list(match, 'prefix_ranges').map(
    (range) => `${text(range, 'address_prefix')}/${number(range, 'prefix_len')}`,
  );
  if (ranges.length > 0) return [`Addr: ${ranges.join(',')}${port}`];
  return port === '' ? [] : [`Addr: *${port}`];
}
