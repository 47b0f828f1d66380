/** `/config_dump`: the configuration in force, and what was refused of newer ones. */

import type { JsonValue } from '@bufbuild/protobuf';
import { compileRe2 } from '../../../base/re2.ts';
import { TYPE_PREFIX, findType } from '../../../xds/proto/registry.ts';
import { type DumpObject, dumpSections, sectionJson } from '../dump.ts';
import { type AdminPage, json, text } from '../page.ts';

export const CONFIG_DUMP: AdminPage = {
  path: '/config_dump',
  description: 'dump current Envoy configs',
  parameters: [
    { name: 'resource', description: 'The resource to dump' },
    {
      name: 'mask',
      description:
        'The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a Protobuf::FieldMask',
    },
    {
      name: 'name_regex',
      description:
        'Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.',
    },
    {
      name: 'include_eds',
      description:
        'Dump currently loaded configuration including EDS. See the response definition for more information',
    },
  ],
  respond({ query }, view) {
    const regex = query.get('name_regex');
    const pattern = regex === null ? undefined : compileRe2(regex);
    const keeps = (name: string): boolean => pattern === undefined || pattern.fits(name);
    const resource = query.get('resource');
    const mask = query
      .get('mask')
      ?.split(',')
      .map((path) => path.split('.'));
    const sections = dumpSections(view, query.has('include_eds'), keeps);
    if (resource === null) {
      if (mask === undefined) return json({ configs: sections.map(sectionJson) });
      const meant = sections.filter(({ typeName }) => hasFields(typeName, mask));
      return json({ configs: meant.map((section) => masked(sectionJson(section), mask)) });
    }
    for (const { typeName, scalars, lists } of sections) {
      const list = Object.hasOwn(lists, resource) ? lists[resource] : undefined;
      if (list !== undefined) {
        const items = list.items.map(({ value }) => ({ '@type': TYPE_PREFIX + list.typeName, ...value }));
        if (items.length === 0) return json({});
        return json({ configs: mask === undefined ? items : items.map((item) => masked(item, mask)) });
      }
      const scalar = Object.hasOwn(scalars, resource) ? scalars[resource] : undefined;
      if (scalar !== undefined && typeof scalar === 'object') {
        return json({ configs: [{ '@type': TYPE_PREFIX + typeName, [resource]: scalar }] });
      }
    }
    return text(`${resource} not found in config dump`, 404);
  },
};

/** Whether a mask can be meant for a section: others are left out. */
function hasFields(typeName: string, mask: readonly (readonly string[])[]): boolean {
  const names = new Set(findType(typeName)?.fields.map(({ name }) => name));
  return mask.every(([first = '']) => names.has(first));
}

/** Only what the paths name; the type of everything stays. */
function masked(value: DumpObject, mask: readonly (readonly string[])[]): DumpObject {
  const kept: DumpObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const paths = mask.filter(([first]) => first === name).map((path) => path.slice(1));
    if (name === '@type' || paths.some((path) => path.length === 0)) kept[name] = inner;
    else if (paths.length > 0) kept[name] = maskedValue(inner, paths);
  }
  return kept;
}

function maskedValue(value: JsonValue, mask: readonly (readonly string[])[]): JsonValue {
  if (Array.isArray(value)) return value.map((item) => maskedValue(item, mask));
  return typeof value === 'object' && value !== null ? masked(value, mask) : value;
}
