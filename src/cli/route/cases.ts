/** Reads expectations on routes: our own format, and that of istio-config-validator. */

import { isDeepStrictEqual } from 'node:util';
import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import { type YamlFile, readYamlFile } from '../../config/sources/yaml-file.ts';
import type { RouteQuestion } from './route-mesh.ts';

export interface RouteCase {
  readonly title: string;
  readonly file: string;
  readonly line: number;
  /** All of them have to be answered as expected. */
  readonly questions: readonly RouteQuestion[];
  readonly expected: Expectation;
}

export type Expectation =
  | { readonly kind: 'answer'; readonly fields: Readonly<Record<string, unknown>> }
  /** Fields of the rule as it is written, that have to be there, or (`wanted` false) not all. */
  | { readonly kind: 'rule'; readonly fields: Readonly<Record<string, unknown>>; readonly wanted: boolean };

type Fields = Readonly<Record<string, unknown>>;

const CASE_FIELDS = ['name', 'host', 'path', 'method', 'headers', 'port', 'gateway', 'from', 'expect'];
const EXPECT_FIELDS = [
  'destination',
  'destinations',
  'redirect',
  'status',
  'rewrite',
  'timeout',
  'retries',
  'mirrors',
  'faults',
  'rule',
  'routed',
];
const RULE_FIELDS = [
  'route',
  'redirect',
  'rewrite',
  'fault',
  'headers',
  'delegate',
  'directResponse',
  'mirror',
  'timeout',
];
const VALIDATOR_FIELDS = ['description', 'wantMatch', 'request', ...RULE_FIELDS];
const REQUEST_FIELDS = ['authority', 'method', 'uri', 'headers'];

/** More combinations than anyone writes on purpose. */
const MAX_QUESTIONS = 1_000;

/** The cases of a file; empty for a file that holds none. Throws a `MeshError` with the place of what is wrong. */
export async function readCases(path: string): Promise<readonly RouteCase[]> {
  const file = await readYamlFile(path, path);
  const root = file?.value;
  if (file === undefined || !isFields(root) || 'kind' in root) return [];
  if (Array.isArray(root['tests'])) {
    return root['tests'].map((one: unknown, index) => ownCase(file, one, ['tests', index]));
  }
  if (Array.isArray(root['testCases'])) {
    return root['testCases'].map((one: unknown, index) => validatorCase(file, one, ['testCases', index]));
  }
  return [];
}

type Path = readonly (string | number)[];

function ownCase(file: YamlFile, value: unknown, path: Path): RouteCase {
  const fields = checked(file, value, path, CASE_FIELDS);
  const expect = checked(file, fields['expect'], [...path, 'expect'], EXPECT_FIELDS);
  if (Object.keys(expect).length === 0) throw wrong(file, path, 'it expects nothing', 'Add expect.');
  const host = text(file, fields['host'], [...path, 'host']);
  const port = fields['port'];
  if (port !== undefined && !Number.isInteger(port)) throw wrong(file, [...path, 'port'], 'no port number');
  const optional = (name: string) =>
    fields[name] === undefined ? undefined : text(file, fields[name], [...path, name]);
  const method = optional('method') ?? 'GET';
  const url = optional('path') ?? '/';
  const { line, file: name } = file.where(path);
  return {
    title: optional('name') ?? `${method} ${host}${url}`,
    file: name,
    line,
    questions: [
      {
        host,
        path: url,
        method,
        headers: headerList(file, fields['headers'], [...path, 'headers']),
        port: port as number | undefined,
        gateway: optional('gateway'),
        from: optional('from'),
      },
    ],
    expected: { kind: 'answer', fields: expect },
  };
}

function validatorCase(file: YamlFile, value: unknown, path: Path): RouteCase {
  const fields = checked(file, value, path, VALIDATOR_FIELDS);
  const request = checked(file, fields['request'], [...path, 'request'], REQUEST_FIELDS);
  const list = (name: string, fallback: readonly string[]) => {
    const found = request[name];
    if (found === undefined) return fallback;
    const items: readonly unknown[] = Array.isArray(found) ? found : [found];
    return items.map((one, index) => text(file, one, [...path, 'request', name, index]));
  };
  const authorities = list('authority', []);
  if (authorities.length === 0) throw wrong(file, [...path, 'request'], 'a request needs an authority');
  const headers = headerList(file, request['headers'], [...path, 'request', 'headers']);
  const questions = authorities.flatMap((host) =>
    list('method', ['GET']).flatMap((method) =>
      list('uri', ['/']).map((uri) => ({ host, method, path: uri, headers })),
    ),
  );
  if (questions.length > MAX_QUESTIONS) throw wrong(file, path, `more than ${MAX_QUESTIONS} requests`);
  const { line, file: name } = file.where(path);
  return {
    title: typeof fields['description'] === 'string' ? fields['description'] : `case at line ${line}`,
    file: name,
    line,
    questions,
    expected: {
      kind: 'rule',
      fields: Object.fromEntries(Object.entries(fields).filter(([name]) => RULE_FIELDS.includes(name))),
      wanted: fields['wantMatch'] !== false,
    },
  };
}

function headerList(file: YamlFile, value: unknown, path: Path): readonly (readonly [string, string])[] {
  if (value === undefined) return [];
  if (!isFields(value)) throw wrong(file, path, 'headers are a map of names to values');
  return Object.entries(value).map(([name, one]) => [name, text(file, one, [...path, name])]);
}

function text(file: YamlFile, value: unknown, path: Path): string {
  if (typeof value === 'string' && value !== '') return value;
  // A version header is easily written as a number.
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(file, path, `${path.at(-1)} has to be a text`);
}

function checked(file: YamlFile, value: unknown, path: Path, known: readonly string[]): Fields {
  if (value === undefined) return {};
  if (!isFields(value)) throw wrong(file, path, 'this has to be a map');
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return value;
  const near = nearestName(unknown, [...known]);
  const hint = near === undefined ? `Known are ${known.join(', ')}.` : `Did you mean ${near}?`;
  throw wrong(file, [...path, unknown], `unknown field ${unknown}`, hint);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(file: YamlFile, path: Path, message: string, hint?: string): MeshError {
  return new MeshError('BadSetting', message, {
    where: file.where(path),
    ...(hint !== undefined && { hint }),
  });
}

/** Whether everything that is expected is there; maps may hold more, lists may not. */
export function contains(actual: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((one, index) => contains(actual[index], one))
    );
  }
  if (!isFields(expected)) return isDeepStrictEqual(actual, expected);
  return isFields(actual) && Object.entries(expected).every(([key, value]) => contains(actual[key], value));
}
