/** The keywords of our own that validators check, as code that stands alone in the generated files. */

import { _, stringify } from 'ajv/dist/compile/codegen/index.js';
import type { Code, Name } from 'ajv/dist/compile/codegen/index.js';
import type { CodeKeywordDefinition, KeywordCxt } from 'ajv';

/** Wanted by ajv, and left out of what it prints. */
const message = '';

/** A constant in the generated file. `ref` makes equal values share one. */
function constant(cxt: KeywordCxt, prefix: string, value: unknown, wrap?: (code: Code) => Code): Name {
  const text = stringify(value);
  const ref = `${prefix} ${JSON.stringify(value)}`;
  return cxt.gen.scopeValue(prefix, { ref, key: ref, code: wrap === undefined ? text : wrap(text) });
}

/** Something that every generated file imports from the validators' runtime. */
function runtime(cxt: KeywordCxt, name: 'isUnknown' | 'findDuplicate' | 'presentOf'): Name {
  const code = { isUnknown: _`rt.isUnknown`, findDuplicate: _`rt.findDuplicate`, presentOf: _`rt.presentOf` }[
    name
  ];
  return cxt.gen.scopeValue('func', { ref: name, key: name, code });
}

/** `{ names, accepted? }`: fields beside `accepted` (or `names`) are errors that carry `names`. */
const closed: CodeKeywordDefinition = {
  keyword: 'x-mesh-closed',
  type: 'object',
  schemaType: 'object',
  error: { message, params: ({ params }) => _`{field: ${params['field']}, allowed: ${params['allowed']}}` },
  code(cxt) {
    const { names, accepted } = cxt.schema as { names: string[]; accepted?: string[] };
    const allowed = constant(cxt, 'obj', names);
    const set = constant(cxt, 'keyword', accepted ?? names, (text) => _`new Set(${text})`);
    cxt.gen.forIn('key', cxt.data, (field) => {
      cxt.setParams({ field, allowed });
      cxt.gen.if(_`!${set}.has(${field})`, () => cxt.error());
    });
  },
};

/** `[[a, a_b]]`: of each list of spellings one must be there. */
const requiredSpelled: CodeKeywordDefinition = {
  keyword: 'x-mesh-required',
  type: 'object',
  schemaType: 'array',
  error: { message, params: ({ params }) => _`{missingProperty: ${params['field']}}` },
  code(cxt) {
    for (const spellings of cxt.schema as string[][]) {
      const absent = spellings.map((name) => _`${cxt.data}[${name}] === undefined`);
      cxt.setParams({ field: _`${spellings[0]}` });
      cxt.gen.if(
        absent.reduce((left, right) => _`${left} && ${right}`),
        () => cxt.error(),
      );
    }
  },
};

/** Groups of fields; `fails` says which numbers of fields present are wrong. */
function group(keyword: string, fails: (count: Code) => Code): CodeKeywordDefinition {
  return {
    keyword,
    type: 'object',
    schemaType: 'array',
    error: {
      message,
      params: ({ params }) => _`{fields: ${params['fields']}, present: ${params['present']}}`,
    },
    code(cxt) {
      for (const names of cxt.schema as string[][]) {
        const fields = constant(cxt, 'obj', names);
        const present = cxt.gen.const('present', _`${runtime(cxt, 'presentOf')}(${cxt.data}, ${fields})`);
        cxt.setParams({ fields, present });
        cxt.gen.if(fails(_`${present}.length`), () => cxt.error());
      }
    },
  };
}

/** The allowed values, kept in one constant. */
const enumeration: CodeKeywordDefinition = {
  keyword: 'x-mesh-enum',
  schemaType: 'array',
  error: { message, params: ({ params }) => _`{allowed: ${params['allowed']}}` },
  code(cxt) {
    const allowed = constant(cxt, 'obj', cxt.schema);
    cxt.setParams({ allowed });
    cxt.gen.if(_`!${allowed}.includes(${cxt.data})`, () => cxt.error());
  },
};

const intOrString: CodeKeywordDefinition = {
  keyword: 'x-mesh-int-or-string',
  schemaType: 'boolean',
  error: { message, params: () => _`{}` },
  code(cxt) {
    cxt.gen.if(_`typeof ${cxt.data} != "string" && !Number.isInteger(${cxt.data})`, () => cxt.error());
  },
};

/** `[]`: items are unlike each other; `[key…]`: they differ in these fields. */
const unique: CodeKeywordDefinition = {
  keyword: 'x-mesh-unique',
  type: 'array',
  schemaType: 'array',
  error: {
    message,
    params: ({ params }) =>
      _`{first: ${params['pair']}[0], second: ${params['pair']}[1], keys: ${params['keys']}}`,
  },
  code(cxt) {
    const keys = constant(cxt, 'obj', cxt.schema);
    const pair = cxt.gen.const('pair', _`${runtime(cxt, 'findDuplicate')}(${cxt.data}, ${keys})`);
    cxt.setParams({ pair, keys });
    cxt.gen.if(_`${pair} !== undefined`, () => cxt.error());
  },
};

/** The value is there, and should not be. */
const deprecated: CodeKeywordDefinition = {
  keyword: 'deprecated',
  schemaType: 'string',
  error: { message, params: ({ schema }) => (schema === '' ? _`{}` : _`{hint: ${schema}}`) },
  code(cxt) {
    cxt.error();
  },
};

export const KEYWORDS: readonly CodeKeywordDefinition[] = [
  closed,
  requiredSpelled,
  group('x-mesh-exclusive', (count) => _`${count} > 1`),
  group('x-mesh-one-of', (count) => _`${count} !== 1`),
  enumeration,
  intOrString,
  unique,
  deprecated,
];

/** The formats of the conventions that are checked on strings. Ranges of numbers become limits instead. */
export const FORMATS: Readonly<Record<string, RegExp>> = {
  duration: /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/,
  'date-time':
    /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[-+](?:[01]\d|2[0-3]):[0-5]\d)$/,
  byte: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  int64: /^-?\d{1,19}$/,
  uint64: /^\d{1,20}$/,
};
