/** The bootstrap: Envoy's own file, with what stands in flags put over it. */

import { readFileSync, statSync } from 'node:fs';
import { type JsonValue, create, fromBinary } from '@bufbuild/protobuf';
import { MeshError } from '../../base/mesh-error.ts';
import {
  type Bootstrap,
  BootstrapSchema,
} from '../../xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { NodeSchema } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { takeOut } from '../../xds/proto/wire-fields.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { bytesOf, readYaml } from './read-message.ts';
import { refuseUnsupported } from './unsupported-parts.ts';

export interface BootstrapSources {
  /** `-c`. */
  readonly file?: string | undefined;
  /** `--config-yaml`: put over the file. */
  readonly yaml?: string | undefined;
  /** `--service-node`: in the place of `node.id`. */
  readonly serviceNode?: string | undefined;
  /** `--service-cluster`: in the place of `node.cluster`. */
  readonly serviceCluster?: string | undefined;
  /** `--service-zone`: in the place of `node.locality.zone`. */
  readonly serviceZone?: string | undefined;
}

/** How lines of the log are written, as `application_log_config` says it. */
export type LogFormat =
  | { readonly kind: 'text'; readonly format: string }
  | { readonly kind: 'json'; readonly fields: Readonly<Record<string, unknown>> };

export interface LoadedBootstrap {
  /** Without its clusters. */
  readonly bootstrap: Bootstrap;
  /** `static_resources.clusters`, encoded: there may be thousands. */
  readonly clusters: Uint8Array[];
  /** What errors about its contents name: the file, or the flag. */
  readonly source: string;
  readonly logFormat: LogFormat | undefined;
}

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const FLAG = '--config-yaml';

/** Numbers of fields in `envoy/config/bootstrap/v3/bootstrap.proto`. */
const STATIC_RESOURCES = 2;
const CLUSTERS = 2;

/** Throws a `MeshError` for whatever cannot be read, is no bootstrap, or asks for what this engine does not have. */
export function loadBootstrap(sources: BootstrapSources, version: string): LoadedBootstrap {
  const { file, yaml } = sources;
  if (file === undefined && yaml === undefined) {
    throw new MeshError('BadUsage', 'there is no bootstrap', {
      hint: `Give it with -c FILE or ${FLAG} YAML.`,
    });
  }
  const source = file ?? FLAG;
  const parts = [
    ...(file === undefined ? [] : [{ text: readFile(file), name: file }]),
    ...(yaml === undefined ? [] : [{ text: yaml, name: FLAG }]),
  ];
  const encoded: Uint8Array[] = [];
  let logFormat: LogFormat | undefined;
  for (const { text, name } of parts) {
    const { application_log_config: log, ...json } = asMap(readYaml(text, name), name);
    logFormat = log === undefined ? logFormat : readLogFormat(log, name);
    encoded.push(bytesOf(BootstrapSchema, json, name));
  }
  // Bytes behind one another are how messages are merged: lists grow, single values are replaced.
  const { rest, taken } = takeOut(Buffer.concat(encoded), STATIC_RESOURCES, CLUSTERS);
  const bootstrap = fromBinary(BootstrapSchema, rest);
  applyNode(bootstrap, sources, version);
  try {
    refuseUnsupported(bootstrap);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    throw new MeshError('Unsupported', error.message, { where: { file: source }, cause: error });
  }
  return { bootstrap, clusters: [...taken], source, logFormat };
}

function readFile(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) {
      throw new MeshError('BadConfiguration', `the bootstrap has more than ${MAX_FILE_BYTES} bytes`, {
        where: { file },
      });
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof MeshError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new MeshError('CannotRead', `cannot read the bootstrap: ${reason}`, {
      where: { file },
      cause: error,
    });
  }
}

function asMap(value: JsonValue, file: string): Record<string, JsonValue> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new MeshError('BadConfiguration', 'a bootstrap is a map of its parts', { where: { file } });
}

/** A part of the API that is newer than the types we have of it. */
function readLogFormat(value: JsonValue, file: string): LogFormat | undefined {
  const bad = (field: string): MeshError =>
    new MeshError('BadConfiguration', 'must be log_format with text_format or json_format', {
      where: { file, field },
    });
  const { log_format: format, ...rest } = asPart(value) ?? {};
  if (Object.keys(rest).length > 0) throw bad('application_log_config');
  if (format === undefined) return undefined;
  const { text_format: text, json_format: json, ...others } = asPart(format) ?? {};
  if (Object.keys(others).length > 0) throw bad('application_log_config.log_format');
  if (typeof text === 'string') return { kind: 'text', format: text };
  const fields = json === undefined ? undefined : asPart(json);
  if (fields === undefined) throw bad('application_log_config.log_format');
  return { kind: 'json', fields };
}

function asPart(value: JsonValue): Record<string, JsonValue> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function applyNode(bootstrap: Bootstrap, sources: BootstrapSources, version: string): void {
  const node = (bootstrap.node ??= create(NodeSchema));
  node.id = sources.serviceNode ?? node.id;
  node.cluster = sources.serviceCluster ?? node.cluster;
  if (sources.serviceZone !== undefined) {
    node.locality = {
      $typeName: 'envoy.config.core.v3.Locality',
      region: node.locality?.region ?? '',
      subZone: node.locality?.subZone ?? '',
      zone: sources.serviceZone,
    };
  }
  if (node.userAgentName === '') {
    node.userAgentName = 'lateen';
    node.userAgentVersionType = { case: 'userAgentVersion', value: version };
  }
}
