/** Connections that iptables redirects to the builtin proxy, by REDIRECT and by TPROXY, over IPv4 and IPv6. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { Network, type NetworkOptions } from '../peers/world/network.ts';
import type { Plan } from './interception/plan.ts';
import { isLeftOutWithoutNetworks } from './needs-networks.ts';

const INSIDE = fileURLToPath(new URL('interception/inside.ts', import.meta.url));
const POD = '10.55.0.2';
const POD_V6 = 'fd00:55::2';
const CLIENT = '10.55.0.1';
const CLIENT_V6 = 'fd00:55::1';
const REMOTE = '10.55.1.1';
const REMOTE_V6 = 'fd00:55:1::1';
/** Connections of the proxy itself are known by their source, where a real one is known by its user. */
const PROXY_SOURCE = '127.0.0.6';

describe('interception', { timeout: 60_000 }, () => {
  if (isLeftOutWithoutNetworks('interception')) return;

  test('REDIRECT: the destination that the client meant chooses the listener, else the connection goes on there', async () => {
    const answers = await inNetwork(
      {
        addresses: [POD, CLIENT, REMOTE, POD_V6, CLIENT_V6, REMOTE_V6],
        commands: [
          `iptables -w -t nat -A OUTPUT -p tcp -s ${POD} -d ${REMOTE} -j REDIRECT --to-ports 15001`,
          `ip6tables -w -t nat -A OUTPUT -p tcp -s ${POD_V6} -d ${REMOTE_V6} -j REDIRECT --to-ports 15001`,
        ],
      },
      {
        applications: [
          { ip: REMOTE, port: 8080, name: 'remote' },
          { ip: REMOTE_V6, port: 8080, name: 'remote6' },
          { ip: CLIENT, port: 9999, name: 'elsewhere' },
        ],
        clusters: [
          original('passthrough', { upstream_bind_config: bindTo(PROXY_SOURCE) }),
          original('passthrough6', { upstream_bind_config: bindTo(CLIENT_V6) }),
          fixed('elsewhere', CLIENT, 9999),
        ],
        listeners: [
          listener('virtualOutbound', '0.0.0.0', 15001, [tcp('passthrough')], { use_original_dst: true }),
          listener('virtualOutbound6', '::', 15001, [tcp('passthrough6')], { use_original_dst: true }),
          listener('of an address', REMOTE, 8081, [tcp('elsewhere')], { bind_to_port: false }),
          listener('of a port', '0.0.0.0', 8082, [tcp('elsewhere')], { bind_to_port: false }),
          listener('of a port6', '::', 8082, [tcp('elsewhere')], { bind_to_port: false }),
        ],
        connections: [
          { from: POD, to: REMOTE, port: 8080 },
          { from: POD, to: REMOTE, port: 8081 },
          { from: POD, to: REMOTE, port: 8082 },
          { from: POD_V6, to: REMOTE_V6, port: 8080 },
          { from: POD_V6, to: REMOTE_V6, port: 8082 },
        ],
      },
    );
    expect(answers).toEqual([
      `remote ${REMOTE}:8080 from ${PROXY_SOURCE}`,
      expect.stringMatching(`^elsewhere ${CLIENT}:9999 from `),
      expect.stringMatching(`^elsewhere ${CLIENT}:9999 from `),
      `remote6 ${REMOTE_V6}:8080 from ${CLIENT_V6}`,
      expect.stringMatching(`^elsewhere ${CLIENT}:9999 from `),
      { passthrough: 1, passthrough6: 1, elsewhere: 3 },
    ]);
  });

  test('REDIRECT inbound: the port that the client meant chooses the filter chain', async () => {
    const answers = await inNetwork(
      {
        addresses: [POD, CLIENT],
        commands: [`iptables -w -t nat -A OUTPUT -p tcp -s ${CLIENT} -d ${POD} -j REDIRECT --to-ports 15006`],
      },
      {
        applications: [
          { ip: '127.0.0.1', port: 7070, name: 'application' },
          { ip: POD, port: 7079, name: 'undeclared' },
        ],
        clusters: [
          { ...fixed('inbound', '127.0.0.1', 7070), upstream_bind_config: bindTo(PROXY_SOURCE) },
          original('passthrough', { upstream_bind_config: bindTo(PROXY_SOURCE) }),
        ],
        listeners: [
          {
            ...listener('virtualInbound', '0.0.0.0', 15006, []),
            listener_filters: [originalDst()],
            filter_chains: [
              { filter_chain_match: { destination_port: 7070 }, filters: [tcp('inbound')] },
              { filters: [tcp('passthrough')] },
            ],
          },
        ],
        connections: [
          { from: CLIENT, to: POD, port: 7070 },
          { from: CLIENT, to: POD, port: 7079 },
        ],
      },
    );
    expect(answers).toEqual([
      `application 127.0.0.1:7070 from ${PROXY_SOURCE}`,
      `undeclared ${POD}:7079 from ${PROXY_SOURCE}`,
      { inbound: 1, passthrough: 1 },
    ]);
  });

  test('TPROXY: nothing of the connection is changed, and the application sees the client', async () => {
    const answers = await inNetwork(
      {
        addresses: [POD, CLIENT, POD_V6, CLIENT_V6],
        commands: [
          ...['iptables', 'ip6tables'].flatMap((program) => [
            // What the proxy sends with the client's address has the mark, and what comes back to it too.
            `${program} -w -t mangle -A PREROUTING -p tcp -m mark --mark 1337 -j CONNMARK --save-mark`,
            `${program} -w -t mangle -A PREROUTING -p tcp -m mark --mark 1337 -j RETURN`,
            `${program} -w -t mangle -A PREROUTING -p tcp -m connmark --mark 1337 -j RETURN`,
            `${program} -w -t mangle -A PREROUTING -p tcp --dport 7071 -j TPROXY --tproxy-mark 0x2/0xfff --on-port 15006`,
          ]),
          'ip rule add fwmark 2 lookup 133',
          'ip route add local 0.0.0.0/0 dev lo table 133',
          'ip -6 rule add fwmark 2 lookup 133',
          'ip -6 route add local ::/0 dev lo table 133',
        ],
      },
      {
        applications: [
          { ip: POD, port: 7071, name: 'application' },
          { ip: POD_V6, port: 7071, name: 'application6' },
        ],
        clusters: [original('inbound')],
        listeners: [
          {
            ...listener('virtualInbound', '0.0.0.0', 15006, [tcp('inbound')], { transparent: true }),
            listener_filters: [originalDst(), originalSrc()],
          },
          {
            ...listener('virtualInbound6', '::', 15006, [tcp('inbound')], { transparent: true }),
            listener_filters: [originalDst(), originalSrc()],
          },
        ],
        connections: [
          { from: CLIENT, to: POD, port: 7071 },
          { from: CLIENT_V6, to: POD_V6, port: 7071 },
        ],
      },
    );
    expect(answers).toEqual([
      `application ${POD}:7071 from ${CLIENT}`,
      `application6 ${POD_V6}:7071 from ${CLIENT_V6}`,
      { inbound: 2 },
    ]);
  });
});

async function inNetwork(options: NetworkOptions, plan: Plan): Promise<readonly unknown[]> {
  const network = await Network.open(options);
  try {
    const child = network.spawn([process.execPath, INSIDE], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdin?.end(JSON.stringify(plan));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`the program inside ended with ${code}: ${errors}`);
    return output
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  } finally {
    await network.close();
  }
}

function listener(
  name: string,
  address: string,
  port: number,
  filters: readonly JsonObject[],
  more: JsonObject = {},
): JsonObject {
  return {
    name,
    address: { socket_address: { address, port_value: port } },
    filter_chains: [{ filters: [...filters] }],
    ...more,
  };
}

function typed(name: string, type: string, settings: JsonObject = {}): JsonObject {
  return {
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${type}`, ...settings },
  };
}

const tcp = (cluster: string) =>
  typed('tcp', 'network.tcp_proxy.v3.TcpProxy', { stat_prefix: cluster, cluster });
const originalDst = () => typed('dst', 'listener.original_dst.v3.OriginalDst');
const originalSrc = () => typed('src', 'listener.original_src.v3.OriginalSrc', { mark: 1337 });

function original(name: string, more: JsonObject = {}): JsonObject {
  return { name, type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', ...more };
}

function fixed(name: string, address: string, port: number): JsonObject {
  const endpoint = { address: { socket_address: { address, port_value: port } } };
  return { name, load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] } };
}

function bindTo(address: string): JsonObject {
  return { source_address: { address, port_value: 0 } };
}
