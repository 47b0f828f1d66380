import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { type MatchInput, chainMatcher } from '../../../src/proxy/listeners/filter-chain-match.ts';
import { FilterChainMatchSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';

type Chains = Readonly<Record<string, JsonObject>>;

interface Question {
  /** `ADDRESS:PORT`. */
  readonly to?: string;
  readonly from?: string;
  readonly direct?: string;
  readonly sni?: string;
  readonly transport?: string;
  readonly protocols?: readonly string[];
}

function matcherOf(chains: Chains, byDefault?: string) {
  return chainMatcher(
    Object.entries(chains).map(([name, json]) => ({
      field: name,
      match: messageFromJson(FilterChainMatchSchema, json),
      chain: name,
    })),
    byDefault,
  );
}

function place(text: string) {
  const colon = text.lastIndexOf(':');
  return {
    kind: 'ip' as const,
    ip: text.slice(0, colon).replaceAll(/[[\]]/g, ''),
    port: Number(text.slice(colon + 1)),
  };
}

function inputOf({
  to = '10.0.0.1:80',
  from = '10.9.9.9:5000',
  direct = from,
  sni = '',
  transport = 'raw_buffer',
  protocols = [],
}: Question): MatchInput {
  return {
    local: place(to),
    remote: place(from),
    directRemote: place(direct),
    sni,
    transportProtocol: transport,
    applicationProtocols: protocols,
  };
}

const cidr = (address_prefix: string, prefix_len: number) => ({ address_prefix, prefix_len });

const ROWS: readonly (readonly [
  title: string,
  chains: Chains,
  question: Question,
  chosen: string | undefined,
])[] = [
  ['a port of its own wins', { a: { destination_port: 80 }, any: {} }, {}, 'a'],
  ['another port is for those without one', { a: { destination_port: 81 }, any: {} }, {}, 'any'],
  [
    'a port of its own is taken for good, even when nothing further fits',
    { a: { destination_port: 80, server_names: ['x.com'] }, any: {} },
    {},
    undefined,
  ],
  [
    'the longest prefix wins',
    {
      wide: { prefix_ranges: [cidr('10.0.0.0', 8)] },
      narrow: { prefix_ranges: [cidr('10.0.0.0', 24)] },
      any: {},
    },
    {},
    'narrow',
  ],
  [
    'the longest prefix is taken for good',
    {
      wide: { prefix_ranges: [cidr('10.0.0.0', 8)] },
      narrow: { prefix_ranges: [cidr('10.0.0.0', 24)], server_names: ['x.com'] },
    },
    {},
    undefined,
  ],
  [
    'IPv6 has prefixes of its own',
    { four: { prefix_ranges: [cidr('0.0.0.0', 0)] }, six: { prefix_ranges: [cidr('2001:db8::', 32)] } },
    { to: '[2001:db8::1]:80' },
    'six',
  ],
  [
    'port before prefix',
    { port: { destination_port: 80 }, prefix: { prefix_ranges: [cidr('10.0.0.1', 32)] } },
    {},
    'port',
  ],
  [
    'an exact name wins',
    { a: { server_names: ['a.x.com'] }, w: { server_names: ['*.x.com'] } },
    { sni: 'a.x.com' },
    'a',
  ],
  [
    'the longest wildcard wins',
    { w: { server_names: ['*.com'] }, l: { server_names: ['*.x.com'] } },
    { sni: 'a.x.com' },
    'l',
  ],
  [
    'a wildcard is not the name without its first label',
    { w: { server_names: ['*.x.com'] }, any: {} },
    { sni: 'x.com' },
    'any',
  ],
  ['a wildcard stands for several labels', { w: { server_names: ['*.x.com'] } }, { sni: 'a.b.x.com' }, 'w'],
  ['names are compared in lower case', { a: { server_names: ['A.x.com'] } }, { sni: 'a.x.com' }, 'a'],
  ['no name fits those without names only', { a: { server_names: ['a.com'] }, any: {} }, {}, 'any'],
  [
    'name before transport',
    { name: { server_names: ['a.com'] }, tls: { transport_protocol: 'tls' } },
    { sni: 'a.com', transport: 'tls' },
    'name',
  ],
  ['the transport', { tls: { transport_protocol: 'tls' }, any: {} }, { transport: 'tls' }, 'tls'],
  ['raw_buffer is a transport', { raw: { transport_protocol: 'raw_buffer' }, any: {} }, {}, 'raw'],
  [
    'the first protocol of the client that any chain wants',
    { one: { application_protocols: ['http/1.1'] }, two: { application_protocols: ['h2'] }, any: {} },
    { protocols: ['h3', 'h2', 'http/1.1'] },
    'two',
  ],
  ['no protocol in common', { one: { application_protocols: ['h2'] }, any: {} }, { protocols: ['x'] }, 'any'],
  [
    'the direct source is the peer of the socket',
    { proxy: { direct_source_prefix_ranges: [cidr('10.1.0.0', 16)] }, any: {} },
    { direct: '10.1.2.3:1', from: '192.168.0.1:1' },
    'proxy',
  ],
  [
    'local sources: the same address',
    { near: { source_type: 'SAME_IP_OR_LOOPBACK' }, far: { source_type: 'EXTERNAL' } },
    { from: '10.0.0.1:5' },
    'near',
  ],
  [
    'local sources: loopback',
    { near: { source_type: 'SAME_IP_OR_LOOPBACK' }, far: { source_type: 'EXTERNAL' } },
    { from: '127.0.0.9:5' },
    'near',
  ],
  [
    'external sources',
    { near: { source_type: 'SAME_IP_OR_LOOPBACK' }, far: { source_type: 'EXTERNAL' } },
    {},
    'far',
  ],
  [
    'any source when nothing of the kind is named',
    { near: { source_type: 'SAME_IP_OR_LOOPBACK' }, any: {} },
    {},
    'any',
  ],
  [
    'the source by prefix',
    {
      one: { source_prefix_ranges: [cidr('10.9.0.0', 16)] },
      two: { source_prefix_ranges: [cidr('10.9.9.9', 32)] },
      any: {},
    },
    {},
    'two',
  ],
  ['the source port', { port: { source_ports: [4999, 5000] }, any: {} }, {}, 'port'],
  ['another source port', { port: { source_ports: [1] }, any: {} }, {}, 'any'],
  ['nothing fits', { a: { destination_port: 1 } }, {}, undefined],
];

describe('the filter chain of a connection', () => {
  test.each(ROWS)('%s', (_, chains, question, chosen) => {
    const input = inputOf(question);
    expect(matcherOf(chains)(input)).toBe(chosen);
    expect(matcherOf(chains, 'default')(input)).toBe(chosen ?? 'default');
  });

  test('a path is at no address and no port', () => {
    const input: MatchInput = {
      ...inputOf({}),
      local: { kind: 'pipe', path: '/x' },
      remote: { kind: 'pipe', path: '/x' },
    };
    expect(matcherOf({ port: { destination_port: 80 }, any: {} })(input)).toBe('any');
    expect(matcherOf({ near: { source_type: 'SAME_IP_OR_LOOPBACK' } })(input)).toBe('near');
  });

  test.each([
    [
      'two chains for the same connections',
      { a: { destination_port: 80 }, b: { destination_port: 80 } },
      /another filter chain has the same conditions/,
    ],
    [
      'two that share one of their names',
      { a: { server_names: ['a', 'b'] }, b: { server_names: ['b'] } },
      /the same conditions/,
    ],
    ['a wildcard in the middle', { a: { server_names: ['a.*.com'] } }, /only "\*\." at the beginning/],
    ['a prefix that is no address', { a: { prefix_ranges: [cidr('ten', 8)] } }, /"ten" is no IP address/],
    ['a suffix of addresses', { a: { address_suffix: '1' } }, /address_suffix is not supported/],
  ])('refuses %s', (_, chains, message) => {
    expect(() => matcherOf(chains as Chains)).toThrow(message);
  });
});
