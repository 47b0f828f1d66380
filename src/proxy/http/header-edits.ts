/** Header edits of routes, ready to be made: texts that say nothing of the request are known before it. */

import type { EditLevel, HeaderEdit } from '../route/headers.ts';
import type { StreamInfo } from '../stream-info.ts';
import { compileHeaderFormat } from '../telemetry/format.ts';
import type { HeaderList } from './header-list.ts';

export type HeaderEditor = (headers: HeaderList, info: StreamInfo) => void;

/** Undefined when there is nothing to do. Throws a `FormatError` for operators that are not known. */
export function compileEdits(levels: readonly EditLevel[]): HeaderEditor | undefined {
  const editors = levels.map(compileLevel);
  const [only] = editors;
  if (editors.length <= 1) return only;
  return (headers, info) => {
    for (const edit of editors) edit(headers, info);
  };
}

/**
 * As in Envoy, removals come first. Then all texts are made before any of them is written: those that replace
 * what was there, then those that are added.
 */
function compileLevel(edits: EditLevel): HeaderEditor {
  const removed = edits.filter(({ action }) => action === 'remove').map(({ name }) => name);
  const replaces = ({ action }: HeaderEdit) => action === 'set' || action === 'overwrite-if-present';
  const written = edits.filter(({ action }) => action !== 'remove');
  const writers = [...written.filter(replaces), ...written.filter((edit) => !replaces(edit))].map((edit) => ({
    name: edit.name,
    replaces: replaces(edit),
    text: compileText(edit),
  }));
  return (headers, info) => {
    for (const name of removed) headers.remove(name);
    const texts = writers.map(({ text }) => text(headers, info));
    for (const [index, { name, replaces: replace }] of writers.entries()) {
      const text = texts[index];
      if (text === undefined) continue;
      if (replace) headers.set(name, text);
      else headers.add(name, text);
    }
  };
}

/** The text to write; undefined when there is none. */
function compileText({
  action,
  name,
  value,
  keepEmpty,
}: HeaderEdit): (headers: HeaderList, info: StreamInfo) => string | undefined {
  const format = compileHeaderFormat(value);
  const made = (info: StreamInfo) => {
    const text = format(info);
    return text === '' && !keepEmpty ? undefined : text;
  };
  switch (action) {
    case 'add-if-absent':
      return (headers, info) => (headers.has(name) ? undefined : made(info));
    case 'overwrite-if-present':
      return (headers, info) => (headers.has(name) ? made(info) : undefined);
    default:
      return (_, info) => made(info);
  }
}
