/** The bootstrap as a file: checked against the Envoy API, with the user's own part merged in. */

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '../../../base/mesh-error.ts';
import { mergeInto } from '../../../xds/patches/merge.ts';
import {
  type Bootstrap,
  BootstrapSchema,
} from '../../../xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { messageFromJson, messageToJson } from '../../../xds/proto/registry.ts';
import { parseConfig } from '../proxy-config.ts';

/** Istio's name for it, which scripts and people look for. */
const FILE_NAME = 'envoy-rev.json';
const MAX_OVERRIDE_BYTES = 1 << 20;

/**
 * Checks the bootstrap, merges `overrideFile` into it as protobuf does (lists are appended), and writes both to the
 * folder, whole or not at all. Returns the file's name. Throws a `MeshError` that says what is wrong.
 */
export async function writeBootstrap(
  bootstrap: object,
  folder: string,
  overrideFile: string | undefined,
): Promise<string> {
  const message = decode(bootstrap, 'the bootstrap that was made');
  if (overrideFile !== undefined) {
    const text = await readOverride(overrideFile);
    mergeInto(BootstrapSchema, message, decode(await parseConfig(text, overrideFile), overrideFile));
  }
  const text = `${JSON.stringify(messageToJson(message), null, 2)}\n`;
  return writeWhole(folder, text);
}

function decode(json: object, what: string): Bootstrap {
  try {
    // Through text, so that what protobuf sees is JSON and nothing else.
    return messageFromJson(BootstrapSchema, JSON.parse(JSON.stringify(json)));
  } catch (error) {
    throw new MeshError('InvalidBootstrap', `${what} is no Envoy bootstrap: ${(error as Error).message}`, {
      hint: 'A bootstrap has the fields of envoy.config.bootstrap.v3.Bootstrap.',
      cause: error,
    });
  }
}

async function readOverride(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= MAX_OVERRIDE_BYTES) return text;
    throw new Error(`it is longer than ${MAX_OVERRIDE_BYTES} bytes`);
  } catch (error) {
    throw new MeshError('UnreadableFile', `${file} cannot be read: ${(error as Error).message}`, {
      hint: 'ISTIO_BOOTSTRAP_OVERRIDE names it.',
      cause: error,
    });
  }
}

async function writeWhole(folder: string, text: string): Promise<string> {
  const file = join(folder, FILE_NAME);
  const draft = `${file}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    return file;
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new MeshError('UnwritableFile', `the bootstrap cannot be written: ${(error as Error).message}`, {
      hint: 'configPath of PROXY_CONFIG names the folder.',
      cause: error,
    });
  }
}
