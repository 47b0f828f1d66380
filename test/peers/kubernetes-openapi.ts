/** Kubernetes' own OpenAPI, out of the Go module that the end-to-end tests are built from. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { KUBERNETES_MODULE } from './tools.ts';

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  type?: string | string[];
  format?: string;
  $ref?: string;
  'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

/** The file `api/openapi-spec/swagger.json` of the module; undefined where Go or the module is missing. */
export function findSwagger(): string | undefined {
  const { status, stdout } = spawnSync('go', ['list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes'], {
    cwd: KUBERNETES_MODULE,
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' },
  });
  if (status !== 0) return undefined;
  const file = join(stdout.trim(), 'api', 'openapi-spec', 'swagger.json');
  return existsSync(file) ? file : undefined;
}

/** Validators by `apiVersion/kind`, as strict as the API server with fieldValidation=Strict. */
export function openApiValidators(file: string): (name: string) => ValidateFunction | undefined {
  const { definitions } = JSON.parse(readFileSync(file, 'utf8')) as { definitions: Record<string, Schema> };
  const names = new Map<string, string>();
  for (const [name, schema] of Object.entries(definitions)) {
    for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
      names.set(`${group === '' ? '' : `${group}/`}${version}/${kind}`, name);
    }
    close(schema);
    // Amounts may be written as numbers.
    if (name.endsWith('.Quantity')) schema.type = ['string', 'number'];
  }
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false });
  ajv.addSchema({ $id: 'k8s', definitions });
  return (kind) => {
    const name = names.get(kind);
    return name === undefined ? undefined : ajv.getSchema(`k8s#/definitions/${name}`);
  };
}

/** Unknown fields are errors; ports may be names. */
function close(schema: Schema): void {
  if (schema.format === 'int-or-string') schema.type = ['string', 'integer'];
  if (schema.properties !== undefined) {
    schema.additionalProperties ??= false;
    for (const child of Object.values(schema.properties)) close(child);
  }
  if (schema.items !== undefined) close(schema.items);
  if (typeof schema.additionalProperties === 'object') close(schema.additionalProperties);
}
