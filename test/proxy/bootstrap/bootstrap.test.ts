import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, describe, expect, test } from 'vitest';
import { MeshError } from '../../../src/base/mesh-error.ts';
import { type BootstrapSources, loadBootstrap } from '../../../src/proxy/bootstrap/bootstrap.ts';
import {
  type Cluster,
  ClusterSchema,
} from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';

const folder = mkdtempSync(join(tmpdir(), 'lateen-bootstrap-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problem(sources: BootstrapSources): Pick<MeshError, 'message' | 'hint' | 'where'> {
  try {
    loadBootstrap(sources, '1.2.3');
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const { message, hint, where } = error;
    return { message, hint, where };
  }
  throw new Error('that should have been refused');
}

function clustersOf(sources: BootstrapSources): readonly Cluster[] {
  return loadBootstrap(sources, '1.2.3').clusters.map((encoded) => fromBinary(ClusterSchema, encoded));
}

const CLUSTER = `
static_resources:
  clusters:
  - {name: one, connect_timeout: 0.25s, type: STATIC}
`;

describe('a bootstrap', () => {
  test('is YAML or JSON, with names in either spelling', () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, CLUSTER);
    expect(clustersOf({ file })[0]?.connectTimeout?.nanos).toBe(250_000_000);
    const json = JSON.stringify({ staticResources: { clusters: [{ name: 'one', connectTimeout: '1s' }] } });
    expect(clustersOf({ yaml: json })).toHaveLength(1);
  });

  test('--config-yaml is put over the file: lists grow, single values are replaced', () => {
    const file = join(folder, 'b.yaml');
    writeFileSync(file, `node: {id: a, cluster: c}\n${CLUSTER}`);
    const yaml = `node: {id: b}\n${CLUSTER.replace('one', 'two')}`;
    const { bootstrap } = loadBootstrap({ file, yaml }, '1.2.3');
    expect(bootstrap.node).toMatchObject({ id: 'b', cluster: 'c', userAgentName: 'lateen' });
    expect(clustersOf({ file, yaml }).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  test('flags say who the node is', () => {
    const flags = { serviceNode: 'n', serviceCluster: 'c', serviceZone: 'z' };
    const { bootstrap } = loadBootstrap({ yaml: 'node: {id: a, locality: {region: r}}', ...flags }, '1.2.3');
    expect(bootstrap.node).toMatchObject({ id: 'n', cluster: 'c', locality: { region: 'r', zone: 'z' } });
  });

  test('a TypedStruct is the message that it stands for', () => {
    const yaml = `
static_resources:
  listeners:
  - filter_chains:
    - filters:
      - name: echo
        typed_config:
          "@type": type.googleapis.com/xds.type.v3.TypedStruct
          type_url: type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo
`;
    const { bootstrap } = loadBootstrap({ yaml }, '1.2.3');
    const filter = bootstrap.staticResources?.listeners[0]?.filterChains[0]?.filters[0];
    expect(filter?.configType.value).toMatchObject({
      typeUrl: 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo',
    });
  });

  test('says how the log is written', () => {
    const yaml = `application_log_config: {log_format: {json_format: {msg: "%j"}}}`;
    expect(loadBootstrap({ yaml }, '1.2.3').logFormat).toEqual({ kind: 'json', fields: { msg: '%j' } });
  });
});

describe('what is wrong is named with its place', () => {
  test.each<[string, string, object]>([
    [
      'static_resources: {clusters: [{nam: a}]}',
      'envoy.config.cluster.v3.Cluster has no field "nam"',
      {
        hint: 'Did you mean name?',
        where: { file: '--config-yaml', field: 'static_resources.clusters[0].nam' },
      },
    ],
    [
      'static_resources: {listeners: [{filter_chains: [{filters: [{typed_config: {"@type": type.googleapis.com/a.b.Golang}}]}]}]}',
      'the extension a.b.Golang is not supported',
      {
        where: {
          file: '--config-yaml',
          field: 'static_resources.listeners[0].filter_chains[0].filters[0].typed_config',
        },
      },
    ],
    ['static_resources: {clusters: {}}', 'must be a list, but is a map', {}],
    [
      'static_resources: [1]',
      'must be a map with the fields of envoy.config.bootstrap.v3.Bootstrap.StaticResources, but is a list',
      {},
    ],
    ['static_resources: {clusters: [{name: {}}]}', 'must be a single value, but is a map', {}],
    ['a: [', 'this is no valid YAML', {}],
    ['- 1', 'a bootstrap is a map of its parts', {}],
    ['hds_config: {api_type: GRPC}', 'hds_config is not supported', {}],
    ['stats_sinks: [{name: a}]', 'stats_sinks[0] (a) is not supported', {}],
    ['bootstrap_extensions: [{name: wasm}]', 'bootstrap_extensions wasm is not supported', {}],
    [
      'layered_runtime: {layers: [{name: a, rtds_layer: {name: b}}]}',
      'layered_runtime layer a (rtds_layer) is not supported',
      {},
    ],
    ['static_resources: {clusters: [{connect_timeout: soon}]}', 'cannot read', {}],
    ['static_resources: {clusters: [{type: SOMEHOW}]}', 'cannot read', {}],
  ])('%s', (yaml, message, rest) => {
    const found = problem({ yaml });
    expect(found.message).toContain(message);
    expect(found).toMatchObject({ where: { file: '--config-yaml' }, ...rest });
  });

  test('a file that is not there, and none at all', () => {
    const file = join(folder, 'none.yaml');
    expect(problem({ file })).toMatchObject({ message: 'cannot read the bootstrap: there is no such file' });
    expect(problem({}).message).toBe('there is no bootstrap');
  });

  test('aliases that stand for more than any real file holds', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner =
        level === 0
          ? '{name: x}'
          : `{filter_chains: [${Array(8)
              .fill(`*a${level - 1}`)
              .join(', ')}]}`;
      return `- &a${level} ${inner}`;
    });
    expect(
      problem({ yaml: `static_resources:\n  listeners:\n${levels.map((one) => `  ${one}\n`).join('')}` })
        .message,
    ).not.toBe('');
  });
});
