/** Rewrites modules of protobuf types so that descriptors are made when they are asked for, not when they are loaded. */

const LAZY = new Map([
  ['fileDesc', 'lazyFile'],
  ['messageDesc', 'lazyMessage'],
  ['enumDesc', 'lazyEnum'],
  ['extDesc', 'lazyExtension'],
  ['serviceDesc', 'lazyService'],
]);

/** The head of a message's descriptor, whose name stands in the comment before it only. */
const MESSAGE =
  /(?<=^ \* Describes the message ([\w.]+)\.\n(?: \*.*\n)+export const \w+ = \/\*@__PURE__\*\/\n) {2}messageDesc\(/gm;

/**
 * `text` is what `protoc-gen-es` makes, `types` its declarations, `place` the module of the lazy functions as it
 * imports it. Throws an `Error` for a form that is not known.
 */
export function withLazyDescriptors(text: string, types: string, place: string): string {
  const enums = enumsOf(types);
  return text
    .replace(/import \{ ([^}]*) \} from "@bufbuild\/protobuf\/codegenv2";/, (_, names: string) => {
      const lazy = names
        .split(', ')
        .filter((name) => name !== 'tsEnum')
        .map((name) => LAZY.get(name) ?? unknown(name));
      return `import { ${lazy.join(', ')} } from "${place}";`;
    })
    .replaceAll(
      /^export const (\w+) = \/\*@__PURE__\*\/\n {2}tsEnum\(\w+\);$/gm,
      (_, name: string) => `export const ${name} = ${enums.get(name) ?? unknown(name)};`,
    )
    .replaceAll(MESSAGE, (_, name: string) => `  lazyMessage(${JSON.stringify(name)}, `)
    .replaceAll(/^( {2})(?!lazyMessage)(\w+)\(/gm, (_, indent: string, name: string) => {
      return `${indent}${(name === 'messageDesc' ? undefined : LAZY.get(name)) ?? unknown(name)}(`;
    });
}

/** Enumerations as objects with both directions, as TypeScript compiles them. */
function enumsOf(types: string): ReadonlyMap<string, string> {
  const enums = new Map<string, string>();
  for (const [, name = '', body = ''] of types.matchAll(/^export enum (\w+) \{\n(.*?)^\}/gms)) {
    const names = new Map<string, string>();
    const values: string[] = [];
    for (const [, key = '', number = ''] of body.matchAll(/^ {2}(\w+) = (-?\d+),$/gm)) {
      values.push(`${key}: ${number}`);
      names.set(number, key);
    }
    const back = [...names].map(([number, key]) => `${JSON.stringify(number)}: ${JSON.stringify(key)}`);
    enums.set(name, `{ ${[...values, ...back].join(', ')} }`);
  }
  return enums;
}

function unknown(name: string): never {
  throw new Error(`the generator of protobuf types makes ${name}, which is not known here`);
}
