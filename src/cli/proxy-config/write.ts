/** Data in the formats of istioctl: JSON with four spaces, or YAML with sorted keys. */

import type { Context } from '../context.ts';
import type { DumpFormat } from './flags.ts';

/** Prints data as JSON or YAML. */
export async function writeData(
  data: unknown,
  format: Exclude<DumpFormat, 'short'>,
  context: Context,
): Promise<void> {
  if (format === 'json') {
    context.stdout.write(`${JSON.stringify(data, undefined, 4)}\n`);
    return;
  }
  const { dump } = await import('js-yaml');
  context.stdout.write(dump(data, { lineWidth: -1, noRefs: true, sortKeys: true }));
}

/** Prints a list of resources, each turned into its printed form only when its turn has come. */
export async function writeResources(
  resources: readonly unknown[],
  typeName: string,
  format: Exclude<DumpFormat, 'short'>,
  context: Context,
): Promise<void> {
  const { envoyJson } = await import('./envoy-json.ts');
  if (format === 'yaml') {
    return writeData(
      resources.map((resource) => envoyJson(resource, typeName)),
      format,
      context,
    );
  }
  if (resources.length === 0) return void context.stdout.write('[]\n');
  context.stdout.write('[\n');
  for (const [index, resource] of resources.entries()) {
    const text = JSON.stringify(envoyJson(resource, typeName), undefined, 4);
    const comma = index < resources.length - 1 ? ',' : '';
    context.stdout.write(`${text.replaceAll(/^/gm, '    ')}${comma}\n`);
  }
  context.stdout.write(']\n');
}

/** Prints one message of that type. */
export async function writeMessage(
  value: unknown,
  typeName: string,
  format: Exclude<DumpFormat, 'short'>,
  context: Context,
): Promise<void> {
  const { envoyJson } = await import('./envoy-json.ts');
  await writeData(envoyJson(value, typeName), format, context);
}
