/** Header names that are kept as they came, in messages that are read and written again. */

import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { expect, it } from 'vitest';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { nameFormat } from '../../../src/proxy/http1/name-format.ts';
import { Refusal } from '../../../src/proxy/http1/refusal.ts';
import { parseRequestHead } from '../../../src/proxy/http1/request-head.ts';
import { parseResponseHead } from '../../../src/proxy/http1/response-head.ts';
import { CLOSE, fieldLines, ownLine, statusLine, trailerLines } from '../../../src/proxy/http1/write-head.ts';
import type { KeptForm } from '../../../src/proxy/http1/written-names.ts';
import {
  Http1ProtocolOptionsSchema,
  Http1ProtocolOptions_HeaderKeyFormat_ProperCaseWordsSchema as ProperCaseWordsSchema,
} from '../../../src/xds/proto/generated/envoy/config/core/v3/protocol_pb.js';
import {
  PreserveCaseFormatterConfigSchema,
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders as OwnFormat,
} from '../../../src/xds/proto/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.js';
import { OPTIONS } from './read-requests.ts';

const LOWER: KeptForm = { ownNames: 'lower', reason: false };

function requestHeaders(fields: string, keptForm: KeptForm | undefined): HeaderList {
  const head = parseRequestHead(`GET / HTTP/1.1\r\n${fields}\r\n`, { ...OPTIONS, keptForm });
  if (head instanceof Refusal) throw new Error(head.details);
  return head.headers;
}

function answerHeaders(text: string, keptForm: KeptForm): HeaderList {
  const head = parseResponseHead(`${text}\r\n\r\n`, 'GET', { ...OPTIONS, keptForm });
  if (head instanceof Refusal) throw new Error(head.details);
  return head.headers;
}

it('names are written as they came, those of the proxy in lower case', () => {
  const headers = requestHeaders('HOST: a\r\nX-Own: 1\r\nX-OWN: 2\r\nX-Long: a\r\n B: b\r\n', LOWER);
  headers.append('b', '1');
  expect(fieldLines(headers, 'proper')).toBe('X-Own: 1\r\nX-Own: 2\r\nX-Long: a B: b\r\nb: 1\r\n');
  // It was taken out of the headers, and is known still.
  expect(headers.written?.format('host')).toBe('HOST');
});

it('the first form of a name counts, also when that is in lower case, and whatever comes of the field', () => {
  const headers = requestHeaders('x-one: 1\r\nX-ONE: 2\r\nCONNECTION: close\r\n', {
    ownNames: 'proper',
    reason: false,
  });
  headers.remove('x-one');
  headers.append('x-one', '3');
  headers.append('x-two-words', '4');
  expect(fieldLines(headers, 'lower')).toBe('x-one: 3\r\nX-Two-Words: 4\r\n');
  expect(ownLine(CLOSE, headers, 'lower')).toBe('CONNECTION: close\r\n');
});

it('nothing is kept where nobody asks for it, nor for a copy of the message', () => {
  expect(requestHeaders('X-Own: 1\r\n', undefined).written).toBeUndefined();
  expect(fieldLines(requestHeaders('X-Own: 1\r\n', LOWER).clone(), 'lower')).toBe('x-own: 1\r\n');
  const trailers = HeaderList.from([['X-Sum', '1']]);
  expect(trailerLines(trailers)).toBe('x-sum: 1\r\n');
});

it.each([
  ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK\r\n'],
  ['HTTP/1.1 200', 'HTTP/1.1 200 OK\r\n'],
  ['HTTP/1.1 200   Two  Words \t', 'HTTP/1.1 200 Two  Words\r\n'],
  ['HTTP/1.0 0404\tGone', 'HTTP/1.1 404 Gone\r\n'],
])('the words behind the status of an answer, where they are kept: %j', (line, written) => {
  const status = Number(/ 0?(\d{3})/.exec(line)?.[1]);
  const kept = answerHeaders(line, { ownNames: 'lower', reason: true });
  expect(statusLine('1.1', status, kept.written?.reason)).toBe(written);
  expect(answerHeaders(line, LOWER).written?.reason).toBe('');
});

const TYPED = anyPack(
  PreserveCaseFormatterConfigSchema,
  create(PreserveCaseFormatterConfigSchema, {
    forwardReasonPhrase: true,
    formatterTypeOnEnvoyHeaders: OwnFormat.PROPER_CASE,
  }),
);

/** `suffix` makes another type of it. */
const kept = (suffix: string) =>
  create(Http1ProtocolOptionsSchema, {
    headerKeyFormat: {
      headerFormat: {
        case: 'statefulFormatter',
        value: { name: 'preserve_case', typedConfig: { ...TYPED, typeUrl: TYPED.typeUrl + suffix } },
      },
    },
  });

it('header_key_format says how names are written, and others than the two known formats are refused by name', () => {
  expect(nameFormat('c', undefined)).toEqual({ nameStyle: 'lower', keptForm: undefined });
  const proper = create(Http1ProtocolOptionsSchema, {
    headerKeyFormat: { headerFormat: { case: 'properCaseWords', value: create(ProperCaseWordsSchema) } },
  });
  expect(nameFormat('c', proper)).toEqual({ nameStyle: 'proper', keptForm: undefined });
  expect(nameFormat('c', kept(''))).toEqual({
    nameStyle: 'lower',
    keptForm: { ownNames: 'proper', reason: true },
  });
  expect(() => nameFormat('c', kept('.Other'))).toThrow(
    /^c\.header_key_format\.stateful_formatter of type envoy\.\S+\.Other is not supported$/,
  );
});
