/** Checks what a schema file says of its kind: `title`, `type` and the block `x-mesh`. */

import { refName } from '../api/schema.ts';

type Node = Readonly<Record<string, unknown>>;
type Report = (pointer: string, message: string) => void;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const SCOPES = ['Namespaced', 'Cluster', 'File'];
const COLUMN_TYPES = ['string', 'integer', 'boolean', 'date', 'number'];
const WORDS = new Set(
  (
    'group kind plural singular shortNames categories scope versions printerColumns subresources ' +
    'legacy external protoNames'
  ).split(' '),
);
const VERSION_WORDS = new Set(['name', 'served', 'storage', 'deprecated', 'schema']);
const VERSION_NAME = /^v[1-9]\d*((alpha|beta)[1-9]\d*)?$/;

/** Reports each convention on the header that the file breaks. */
export function checkHeader(schema: Node, place: { folder: string; name: string }, report: Report): void {
  if (schema['$schema'] !== DIALECT) report('/$schema', `must be ${DIALECT}`);
  if (schema['title'] !== place.name)
    report('/title', `must be the kind, as the file is called: ${place.name}`);
  if (schema['type'] !== 'object') report('/type', 'must be object');
  for (const name of ['apiVersion', 'kind', 'metadata']) {
    if (isNode(schema['properties']) && Object.hasOwn(schema['properties'], name) && !isFile(schema)) {
      report(`/properties/${name}`, 'is added by the generator; leave it out');
    }
  }
  const header = schema['x-mesh'];
  if (!isNode(header)) return report('/x-mesh', 'must say group, kind, plural, singular, scope and versions');
  for (const word of Object.keys(header)) {
    if (!WORDS.has(word)) report(`/x-mesh/${word}`, 'is no word of the conventions');
  }
  const group = place.folder === 'core' ? '' : place.folder;
  if (header['group'] !== group) report('/x-mesh/group', `must be "${group}", as the folder is called`);
  if (header['kind'] !== place.name) report('/x-mesh/kind', `must be "${place.name}", as the file is called`);
  for (const word of ['plural', 'singular']) {
    const name = header[word];
    if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name))
      report(`/x-mesh/${word}`, 'must be lower case');
  }
  for (const word of ['shortNames', 'categories']) {
    if (header[word] !== undefined && !isStrings(header[word]))
      report(`/x-mesh/${word}`, 'must be a list of names');
  }
  for (const word of ['external', 'protoNames']) {
    if (header[word] !== undefined && typeof header[word] !== 'boolean')
      report(`/x-mesh/${word}`, 'must be true or false');
  }
  if (header['legacy'] !== undefined && !/^\S.*\s.*\.$/s.test(String(header['legacy']))) {
    report('/x-mesh/legacy', 'must be a sentence that says what took its place');
  }
  if (!SCOPES.includes(String(header['scope'])))
    report('/x-mesh/scope', `must be one of ${SCOPES.join(', ')}`);
  checkVersions(schema, header, report);
  checkColumns(header['printerColumns'], report);
}

function checkVersions(schema: Node, header: Node, report: Report): void {
  const versions = header['versions'];
  if (!Array.isArray(versions)) return report('/x-mesh/versions', 'must be a list');
  const names = new Set<unknown>();
  let stored = 0;
  for (const [index, version] of versions.entries()) {
    const pointer = `/x-mesh/versions/${index}`;
    if (!isNode(version)) {
      report(pointer, 'must be an object with name, served and storage');
      continue;
    }
    for (const word of Object.keys(version)) {
      if (!VERSION_WORDS.has(word)) report(`${pointer}/${word}`, 'is no word of the conventions');
    }
    if (!VERSION_NAME.test(String(version['name'])))
      report(`${pointer}/name`, 'must be like v1, v1beta1 or v1alpha3');
    if (names.has(version['name'])) report(`${pointer}/name`, 'stands twice');
    names.add(version['name']);
    for (const word of ['served', 'storage']) {
      if (typeof version[word] !== 'boolean') report(`${pointer}/${word}`, 'must be true or false');
    }
    if (version['storage'] === true) stored += 1;
    if (version['deprecated'] !== undefined && typeof version['deprecated'] !== 'string') {
      report(`${pointer}/deprecated`, 'must be a sentence that says what to use');
    }
    const ref = version['schema'];
    const name = typeof ref === 'string' ? refName(ref) : undefined;
    const defs = isNode(schema['$defs']) ? schema['$defs'] : {};
    if (ref !== undefined && (name === undefined || !isNode(defs[name]))) {
      report(`${pointer}/schema`, 'must be "#/$defs/Name" of a definition in this file');
    }
  }
  if (header['scope'] === 'File') {
    if (versions.length > 0) report('/x-mesh/versions', 'a kind with scope File has no versions');
  } else if (versions.length === 0) report('/x-mesh/versions', 'needs at least one version');
  else if (header['external'] !== true && stored !== 1) {
    report('/x-mesh/versions', `exactly one version has "storage": true, not ${stored}`);
  }
}

function checkColumns(columns: unknown, report: Report): void {
  if (columns === undefined) return;
  if (!Array.isArray(columns)) return report('/x-mesh/printerColumns', 'must be a list');
  for (const [index, column] of columns.entries()) {
    const pointer = `/x-mesh/printerColumns/${index}`;
    if (!isNode(column)) {
      report(pointer, 'must be an object');
      continue;
    }
    for (const word of ['name', 'jsonPath', 'description']) {
      if (typeof column[word] !== 'string') report(`${pointer}/${word}`, 'must be a string');
    }
    if (!String(column['jsonPath']).startsWith('.')) report(`${pointer}/jsonPath`, 'must start with a dot');
    if (!COLUMN_TYPES.includes(String(column['type']))) {
      report(`${pointer}/type`, `must be one of ${COLUMN_TYPES.join(', ')}`);
    }
  }
}

function isFile(schema: Node): boolean {
  return isNode(schema['x-mesh']) && schema['x-mesh']['scope'] === 'File';
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
