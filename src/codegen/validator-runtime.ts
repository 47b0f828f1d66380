/** Prints the small module that all generated validators share. */

/** Errors kept of one object, so that a hostile one costs no more memory than it has itself. */
const MAX_ERRORS = 200;

/** The module that generated validators import as `rt`. Plain JavaScript, since it stands beside them. */
export function printRuntime(): string {
  return `// Made by \`npm run generate\`; do not edit.
export function fail(list, instancePath, keyword, params) {
  if (list === null) return [{ instancePath, keyword, params }];
  if (list.length < ${MAX_ERRORS}) list.push({ instancePath, keyword, params });
  return list;
}
export function notA(list, instancePath, type) {
  return fail(list, instancePath, 'type', { type });
}
export function join(list, more) {
  if (list === null) return more;
  for (const error of more) {
    if (list.length >= ${MAX_ERRORS}) break;
    list.push(error);
  }
  return list;
}
export function presentOf(object, fields) {
  return fields.filter((field) => object[field] !== undefined);
}
export function findDuplicate(list, keys) {
  const seen = new Map();
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (keys.length > 0 && (typeof item !== 'object' || item === null)) continue;
    const name = canonical(keys.length === 0 ? item : keys.map((key) => item[key] ?? null));
    const first = seen.get(name);
    if (first !== undefined) return [first, index];
    seen.set(name, index);
  }
  return undefined;
}
function canonical(value) {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner);
}
export function lengthOf(text) {
  let length = text.length;
  for (let index = 0; index < text.length - 1; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      length--;
      index++;
    }
  }
  return length;
}
`;
}
