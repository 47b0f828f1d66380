/** Where the commands below `proxy-config` read from: a saved dump, or the admin interface of a pod's proxy. */

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MeshError } from '../../base/mesh-error.ts';
import type { Context } from '../context.ts';
import { ConfigDump, parseObject } from './dump.ts';
import type { JsonObject } from './fields.ts';
import type { ClusterFlags } from '../cluster.ts';

/** Bytes that a dump may have. Those of the largest gateways have some hundred million. */
export const MAX_DUMP_BYTES = 512 * 1024 * 1024;

/** What all these commands are given. */
export interface DumpInvocation {
  readonly args: readonly string[];
  readonly flags: ClusterFlags & {
    readonly file: string | undefined;
    readonly 'proxy-admin-port': number;
  };
}

/** Bytes, and what they came from as errors name it. */
export interface DumpBytes {
  readonly bytes: Buffer;
  readonly origin: string;
}

/** The answer of a path of the admin interface, or the file in its place. `command` names the command in errors. */
export async function readSource(
  command: string,
  path: string,
  { args, flags }: DumpInvocation,
  context: Context,
): Promise<DumpBytes> {
  const [pod] = args;
  if ((pod === undefined) === (flags.file === undefined)) {
    throw new MeshError(
      'MissingArgument',
      pod === undefined
        ? `${command} requires pod name or --file parameter`
        : `${command} takes a pod or --file, not both`,
      { hint: `Example: mesh proxy-config ${command} deploy/web.shop, or with -f config_dump.json` },
    );
  }
  if (pod === undefined) return readDumpFile(flags.file ?? '', context);
  const { proxyOf } = await import('../proxy-admin.ts');
  const proxy = await proxyOf(pod, flags, context);
  return { bytes: await proxy.ask(path), origin: proxy.name };
}

/** A dump from a file or standard input. Throws a `MeshError` when it cannot be read or is too large. */
export async function readDumpFile(file: string, context: Context): Promise<DumpBytes> {
  if (file === '-') {
    if (context.stdin.isTTY) context.stderr.write('Note: reading what you type; end it with Ctrl-D.\n');
    return { bytes: Buffer.from(await context.stdin.bytes(MAX_DUMP_BYTES)), origin: '-' };
  }
  try {
    const handle = await open(resolve(context.cwd, file));
    try {
      const info = await handle.stat();
      if (info.isDirectory()) throw cannotRead(file, 'it is a folder');
      if (info.size > MAX_DUMP_BYTES) throw cannotRead(file, `it has more than ${MAX_DUMP_BYTES} bytes`);
      return {
        bytes: info.isFile() ? await handle.readFile() : await readStream(handle, file),
        origin: file,
      };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof MeshError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw cannotRead(file, code === 'ENOENT' ? 'there is no such file' : message, error);
  }
}

/** Pipes and devices have no size, and may never end. */
async function readStream(handle: Awaited<ReturnType<typeof open>>, file: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of handle.createReadStream({ autoClose: false })) {
    const bytes = part as Buffer;
    size += bytes.length;
    if (size > MAX_DUMP_BYTES) throw cannotRead(file, `it has more than ${MAX_DUMP_BYTES} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function cannotRead(file: string, reason: string, cause?: unknown): MeshError {
  return new MeshError('CannotRead', `this file cannot be read: ${reason}`, { where: { file }, cause });
}

/** The configuration of the proxy that is asked for. `query` says which parts are wanted of a pod. */
export async function readConfigDump(
  command: string,
  query: string,
  invocation: DumpInvocation,
  context: Context,
): Promise<ConfigDump> {
  const { bytes, origin } = await readSource(command, `/config_dump${query}`, invocation, context);
  return ConfigDump.read(bytes, origin);
}

/** One JSON object of the proxy that is asked for. */
export async function readJson(
  command: string,
  path: string,
  invocation: DumpInvocation,
  context: Context,
): Promise<{ readonly value: JsonObject; readonly origin: string }> {
  const { bytes, origin } = await readSource(command, path, invocation, context);
  return { value: parseObject(bytes, origin), origin };
}
