/**
 * Configuration in, resources of the Envoy API out: each folder here is a case. case.yaml says who asks and
 * what of the answer is shown, input.yaml is the mesh, xds.yaml the answer. `vitest run test/pipeline -u`
 * writes the answers anew.
 */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { create, toJson, type JsonObject } from '@bufbuild/protobuf';
import { dump, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { type MeshConfig, meshSettings } from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';
import { NodeSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { REGISTRY, findType } from '../../src/xds/proto/registry.ts';
import { proxyIdentity } from '../../src/xds/proxy-identity.ts';
import type { Resource } from '../../src/xds/resource.ts';
import { translate } from '../../src/xds/translate.ts';

const FOLDER = 'test/pipeline';
const TYPES = ['clusters', 'endpoints', 'listeners', 'routes', 'extensions'] as const;

interface Proxy {
  readonly id: string;
  readonly metadata?: JsonObject;
  /** Types of settings that it says it knows, as its engine's filters. */
  readonly knows?: readonly string[];
  /** It comes in where Secrets are served. */
  readonly servesSecrets?: boolean;
  readonly locality?: { readonly region: string; readonly zone?: string; readonly subZone?: string };
  /** Names of the resources to show in full; of `names` all names are shown. */
  readonly show: Partial<Record<(typeof TYPES)[number], readonly string[]>> & {
    readonly names?: readonly (typeof TYPES)[number][];
  };
}

interface Case {
  readonly title: string;
  readonly mesh?: MeshConfig;
  readonly proxies: readonly Proxy[];
}

function json(resource: Resource | undefined, name: string): JsonObject {
  const schema = resource === undefined ? undefined : findType(resource.typeUrl);
  if (resource === undefined || schema === undefined) throw new Error(`nothing is called ${name}`);
  return toJson(schema, resource.message, { registry: REGISTRY }) as JsonObject;
}

function shown(proxy: Proxy, snapshot: Snapshot): JsonObject {
  const node = create(NodeSchema, {
    id: proxy.id,
    metadata: proxy.metadata ?? {},
    ...(proxy.locality !== undefined && { locality: proxy.locality }),
    extensions: (proxy.knows ?? []).map((typeUrl) => ({ typeUrls: [typeUrl] })),
  });
  const translated = translate(
    snapshot,
    proxyIdentity(node, { servesSecrets: proxy.servesSecrets === true }),
  );
  const answer: JsonObject = { proxy: proxy.id };
  for (const type of proxy.show.names ?? []) {
    answer[`${type}Names`] = translated[type].map(({ name }) => name);
  }
  for (const type of TYPES) {
    const names = proxy.show[type];
    if (names === undefined) continue;
    answer[type] = names.map((name) =>
      json(
        translated[type].find((one) => one.name === name),
        name,
      ),
    );
  }
  if (translated.problems.length > 0) {
    answer['problems'] = translated.problems.map(
      ({ object, message }) => `${object.kind} ${object.namespace}/${object.name}: ${message}`,
    );
  }
  return answer;
}

const cases = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'case.yaml')));

describe.each(cases)('%s', (name) => {
  const { title, mesh, proxies } = load(readFileSync(join(FOLDER, name, 'case.yaml'), 'utf8')) as Case;

  it(title, async () => {
    const { objects, problems } = parseText(
      readFileSync(join(FOLDER, name, 'input.yaml'), 'utf8'),
      'input.yaml',
    );
    expect(problems).toEqual([]);
    const snapshot = Snapshot.build(objects, { mesh: meshSettings(mesh) });
    const answers = proxies.map((proxy) => shown(proxy, snapshot));
    await expect(dump(answers, { lineWidth: -1, noRefs: true })).toMatchFileSnapshot(`${name}/xds.yaml`);
  });
});
