/** Modules of protobuf types that make their descriptors late. */

import { expect, test } from 'vitest';
import { withLazyDescriptors } from '../../src/codegen/lazy-protos.ts';

const MODULE = `import { enumDesc, fileDesc, messageDesc, tsEnum } from "@bufbuild/protobuf/codegenv2";
import { file_b } from "./b_pb.js";

export const file_a = /*@__PURE__*/
  fileDesc("CgVh", [file_b]);

/**
 * Describes the message shop.Room.Lamp.
 * Use create to make a new message.
 */
export const LampSchema = /*@__PURE__*/
  messageDesc(file_a, 0, 1);

export const ColourSchema = /*@__PURE__*/
  enumDesc(file_a, 0);

export const Colour = /*@__PURE__*/
  tsEnum(ColourSchema);
`;
const TYPES = `export enum Colour {
  /**
   * @generated from enum value: RED = 0;
   */
  RED = 0,

  CRIMSON = 0,
  NONE = -1,
}
`;

test('descriptors are made when more than their name is asked for, and enumerations need none', () => {
  expect(withLazyDescriptors(MODULE, TYPES, '../lazy.ts'))
    .toBe(`import { lazyEnum, lazyFile, lazyMessage } from "../lazy.ts";
import { file_b } from "./b_pb.js";

export const file_a = /*@__PURE__*/
  lazyFile("CgVh", [file_b]);

/**
 * Describes the message shop.Room.Lamp.
 * Use create to make a new message.
 */
export const LampSchema = /*@__PURE__*/
  lazyMessage("shop.Room.Lamp", file_a, 0, 1);

export const ColourSchema = /*@__PURE__*/
  lazyEnum(file_a, 0);

export const Colour = { RED: 0, CRIMSON: 0, NONE: -1, "0": "CRIMSON", "-1": "NONE" };
`);
});

test.each([
  ['a function that is new', MODULE.replaceAll('messageDesc', 'unionDesc')],
  ['a message without its name', MODULE.replace('Describes', 'Is')],
  ['an enumeration without its declaration', MODULE.replace('const Colour =', 'const Shape =')],
])('%s is told of', (_, text) => {
  expect(() => withLazyDescriptors(text, TYPES, '../lazy.ts')).toThrow(/not known here/);
});
