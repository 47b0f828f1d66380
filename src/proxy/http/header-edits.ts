/** Header edits of routes, ready to be made: texts that say nothing of the request are known before it. */

import type { HeaderEdit } from '../route/headers.ts';
import type { StreamInfo } from '../stream-info.ts';
import { compileHeaderFormat } from '../telemetry/format.ts';
import type { HeaderList } from './header-list.ts';

export type HeaderEditor = (headers: HeaderList, info: StreamInfo) => void;

/** Undefined when there is nothing to do. Throws a `FormatError` for operators that are not known. */
export function compileEdits(edits: readonly HeaderEdit[]): HeaderEditor | undefined {
  const editors = edits.map(compileEdit);
  const [only] = editors;
  if (editors.length <= 1) return only;
  return (headers, info) => {
    for (const edit of editors) edit(headers, info);
  };
}

function compileEdit({ action, name, value, keepEmpty }: HeaderEdit): HeaderEditor {
  if (action === 'remove') return (headers) => headers.remove(name);
  const format = compileHeaderFormat(value);
  return (headers, info) => {
    const text = format(info);
    if (text === '' && !keepEmpty) return;
    switch (action) {
      case 'append':
        headers.add(name, text);
        break;
      case 'add-if-absent':
        if (!headers.has(name)) headers.append(name, text);
        break;
      case 'set':
        headers.set(name, text);
        break;
      case 'overwrite-if-present':
        if (headers.has(name)) headers.set(name, text);
        break;
    }
  };
}
