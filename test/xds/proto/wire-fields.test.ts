/** Messages looked at as bytes, beside the library that decodes them. */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { VirtualHostSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import {
  WireFields,
  messageField,
  checkText,
  shapeOf,
  takeOut,
  textField,
  textFields,
} from '../../../src/xds/proto/wire-fields.ts';

const host = (name: string, ...domains: readonly string[]) =>
  create(VirtualHostSchema, { name, domains: [...domains], includeRequestAttemptCount: true });
const NAME = 1;
const DOMAINS = 2;
const VIRTUAL_HOSTS = 2;

test('texts and messages by number', () => {
  const bytes = toBinary(VirtualHostSchema, host('ü', 'a', '', 'b'.repeat(500)));
  expect(textField(bytes, NAME)).toBe('ü');
  expect(textFields(bytes, DOMAINS)).toEqual(['a', '', 'b'.repeat(500)]);
  expect(textField(bytes, 9)).toBe('');
  expect(messageField(bytes, 9)).toBeUndefined();
  // Of several the last one counts.
  expect(textField(Buffer.concat([bytes, toBinary(VirtualHostSchema, host('last'))]), NAME)).toBe('last');
});

test('what is taken out of a message, and what is left', () => {
  const virtualHosts = [host('one', 'a'), host('two'.repeat(100))];
  const config = create(RouteConfigurationSchema, { name: 'r', virtualHosts, internalOnlyHeaders: ['x'] });
  const { rest, taken } = takeOut(toBinary(RouteConfigurationSchema, config), VIRTUAL_HOSTS);
  expect(taken.map((one) => fromBinary(VirtualHostSchema, one))).toEqual(virtualHosts);
  expect(fromBinary(RouteConfigurationSchema, rest)).toEqual({ ...config, virtualHosts: [] });
  const domains = takeOut(toBinary(RouteConfigurationSchema, config), VIRTUAL_HOSTS, DOMAINS);
  expect(domains.taken.map((one) => Buffer.from(one).toString())).toEqual(['a']);
  expect(fromBinary(RouteConfigurationSchema, domains.rest).virtualHosts[0]?.domains).toEqual([]);
});

describe('a shape', () => {
  const shape = (one: ReturnType<typeof host>) =>
    shapeOf(
      toBinary(VirtualHostSchema, one),
      new Map([
        [NAME, checkText],
        [DOMAINS, checkText],
      ] as const),
    );

  test('is the same whatever is left out says', () => {
    expect(shape(host('one', 'a', 'b'))).toBe(shape(host('another', 'x', 'y'.repeat(900))));
  });

  test.each([
    ['whether it is there', host('', 'a'), host('one', 'a')],
    ['how often it is there', host('one', 'a'), host('one', 'a', 'b')],
    ['whether it is empty', host('one', ''), host('one', 'a')],
    ['all that counts', host('one'), { ...host('one'), includeRequestAttemptCount: false }],
  ])('tells %s', (_, one, other) => expect(shape(one)).not.toBe(shape(other)));

  test('tells where what is kept of a message in it ends', () => {
    const inner = new Map([[VIRTUAL_HOSTS, new Map([[NAME, checkText]] as const)]] as const);
    const of = (virtualHosts: ReturnType<typeof host>[]) =>
      shapeOf(toBinary(RouteConfigurationSchema, create(RouteConfigurationSchema, { virtualHosts })), inner);
    expect(of([host('a', 'x')])).toBe(of([host('bcd', 'x')]));
    expect(of([host('a', 'x'), host('a')])).not.toBe(of([host('a'), host('a', 'x')]));
  });
});

test.each([
  ['ASCII', 'abc', true],
  ['UTF-8', 'ä€😀', true],
  ['bytes of another encoding', Uint8Array.of(0x61, 0xff), false],
  ['the half of a letter', Uint8Array.of(0xc3), false],
])('%s is a text: %s is %s', (_, text, isText) => {
  const bytes = Buffer.from(text);
  const check = () => checkText(bytes, 0, bytes.length);
  if (isText) expect(check).not.toThrow();
  else expect(check).toThrow('not UTF-8');
});

test('bytes that are no message end in an error, and never in a field outside of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const fields = new WireFields(bytes);
      let at = 0;
      try {
        while (fields.next()) {
          expect(fields.start).toBe(at);
          expect(fields.from).toBeGreaterThan(fields.start);
          expect(fields.to).toBeGreaterThanOrEqual(fields.from);
          expect(fields.to).toBeLessThanOrEqual(bytes.length);
          at = fields.to;
        }
        expect(at).toBe(bytes.length);
      } catch (error) {
        expect((error as Error).message).toContain('cannot be decoded');
      }
    }),
    { numRuns: 2_000 },
  );
});
