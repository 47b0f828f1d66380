/** Trace contexts in the headers of requests: B3 in both forms, and W3C. */

import type { HeaderList } from '../../http/header-list.ts';

/** Ids in lower case hexadecimal; empty for none. */
export interface TraceContext {
  /** 16 or 32 digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  /** `tracestate` of W3C. */
  readonly traceState: string;
}

/** What the headers say: the context, if there is one, and whether it is recorded, if they say that. */
export interface Incoming {
  readonly context: TraceContext | undefined;
  readonly sampled: boolean | undefined;
  /** There is a context, but none that can be read. */
  readonly isBroken?: boolean;
}

const NOTHING: Incoming = { context: undefined, sampled: undefined };
const BROKEN: Incoming = { ...NOTHING, isBroken: true };

function isId(text: string | undefined, ...lengths: number[]): text is string {
  return (
    text !== undefined && lengths.includes(text.length) && /^[0-9a-f]+$/i.test(text) && !/^0+$/.test(text)
  );
}

function padded(text: string): string {
  return text.toLowerCase().padStart(16, '0');
}

/** https://github.com/openzipkin/b3-propagation */
export function readB3(headers: HeaderList): Incoming {
  const single = headers.get('b3');
  if (single !== undefined) return readSingle(single);
  const traceId = headers.get('x-b3-traceid');
  const spanId = headers.get('x-b3-spanid');
  const parentId = headers.get('x-b3-parentspanid') ?? '';
  const sampled = sampledIn(headers.get('x-b3-sampled')?.toLowerCase());
  const isWhole = isId(traceId, 16, 32) && isId(spanId, 16) && (parentId === '' || isId(parentId, 16));
  if (!isWhole)
    return traceId !== undefined && spanId !== undefined ? BROKEN : { context: undefined, sampled };
  return {
    context: {
      traceId: padded(traceId),
      spanId: padded(spanId),
      parentId: parentId.toLowerCase(),
      traceState: '',
    },
    sampled,
  };
}

function sampledIn(text: string | undefined): boolean | undefined {
  if (text === '1' || text === 'true' || text === 'd') return true;
  return text === '0' || text === 'false' ? false : undefined;
}

/** `trace-span-sampled-parent`, or the third part alone. */
function readSingle(text: string): Incoming {
  const parts = text.split('-');
  if (parts.length === 1) {
    const said = sampledIn(text);
    return said === undefined ? BROKEN : { context: undefined, sampled: said };
  }
  const [traceId, spanId, sampled, parentId = ''] = parts;
  if (!isId(traceId, 16, 32) || !isId(spanId, 16)) return BROKEN;
  return {
    context: {
      traceId: padded(traceId),
      spanId: padded(spanId),
      parentId: isId(parentId, 16) ? parentId.toLowerCase() : '',
      traceState: '',
    },
    sampled: sampledIn(sampled),
  };
}

/** In one header to whom it came in one, as Envoy does. */
export function writeB3(
  headers: HeaderList,
  { traceId, spanId, parentId }: TraceContext,
  sampled: boolean,
): void {
  if (headers.has('b3')) {
    const parent = parentId === '' ? '' : `-${parentId}`;
    headers.set('b3', `${traceId}-${spanId}-${sampled ? '1' : '0'}${parent}`);
    return;
  }
  headers.set('x-b3-traceid', traceId);
  headers.set('x-b3-spanid', spanId);
  if (parentId !== '') headers.set('x-b3-parentspanid', parentId);
  headers.set('x-b3-sampled', sampled ? '1' : '0');
}

/** https://www.w3.org/TR/trace-context/ */
export function readW3c(headers: HeaderList): Incoming {
  const [version = '', traceId, spanId, flags = '', ...more] = (headers.get('traceparent') ?? '').split('-');
  const isWhole =
    /^[0-9a-f]{2}$/.test(version) &&
    version !== 'ff' &&
    /^[0-9a-f]{2}$/.test(flags) &&
    isId(traceId, 32) &&
    isId(spanId, 16);
  if (!isWhole || (version === '00' && more.length > 0)) return NOTHING;
  return {
    context: { traceId, spanId, parentId: '', traceState: headers.joined('tracestate') ?? '' },
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
  };
}

/** `tracestate` goes on as it came, if only as nothing. */
export function writeW3c(headers: HeaderList, { traceId, spanId }: TraceContext, sampled: boolean): void {
  headers.set('traceparent', `00-${traceId.padStart(32, '0')}-${spanId}-${sampled ? '01' : '00'}`);
  if (!headers.has('tracestate')) headers.set('tracestate', '');
}
