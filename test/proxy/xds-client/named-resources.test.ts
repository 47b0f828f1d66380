import { create } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import type { ResourceSources } from '../../../src/proxy/xds-client/config-sources.ts';
import { NamedResources } from '../../../src/proxy/xds-client/named-resources.ts';
import type { RawResource, ResourceHandler } from '../../../src/proxy/xds-client/resource-types.ts';
import {
  type ConfigSource,
  ConfigSourceSchema,
} from '../../../src/xds/proto/generated/envoy/config/core/v3/config_source_pb.js';

const TYPE = 'type.example/Text';
const ADS: ConfigSource = create(ConfigSourceSchema, { configSourceSpecifier: { case: 'ads', value: {} } });
const FILE: ConfigSource = create(ConfigSourceSchema, {
  configSourceSpecifier: { case: 'path', value: '/a' },
});

/** Sources that write down what is asked for, and bring what the test says. */
class Sources implements ResourceSources {
  readonly asked: string[] = [];
  handler: ResourceHandler = { apply: () => [] };

  handle(_typeUrl: string, handler: ResourceHandler): void {
    this.handler = handler;
  }

  check(): void {}

  subscribe({ configSourceSpecifier }: ConfigSource, _typeUrl: string, name: string | undefined): () => void {
    const what = `${configSourceSpecifier.case} ${name}`;
    this.asked.push(`+${what}`);
    return () => void this.asked.push(`-${what}`);
  }

  *states(): Iterable<never> {}

  close(): void {}
}

function raw(name: string, text: string): RawResource {
  return { name, version: '', value: create(AnySchema, { typeUrl: TYPE, value: Buffer.from(text) }) };
}

function textOf({ value }: Any): string {
  const text = Buffer.from(value).toString();
  if (text === 'bad') throw new Error('it is bad');
  return text;
}

test('a resource is asked for once for all who use it, and given up with the last of them', async () => {
  const sources = new Sources();
  const named = new NamedResources(sources, TYPE, textOf);
  const heard: string[] = [];
  const hear = (value: string): void => void heard.push(value);
  const one = named.subscribe('a', ADS, hear);
  const other = named.subscribe('a', ADS, hear);
  expect(one.value).toBeUndefined();
  expect(sources.handler.apply([raw('a', 'x'), raw('b', 'y')], [])).toEqual([]);
  await one.warm;
  expect([one.value, other.value, heard]).toEqual(['x', 'x', ['x', 'x']]);
  one.release();
  one.release();
  expect(sources.asked).toEqual(['+ads a']);
  other.release();
  expect(sources.asked).toEqual(['+ads a', '-ads a']);
  named.close();
});

test('what cannot be taken is refused, and what was there before stays', () => {
  const sources = new Sources();
  const named = new NamedResources(sources, TYPE, textOf);
  const handle = named.subscribe('a', ADS, (value) => {
    if (value === 'unwanted') throw new Error('nobody wants it');
  });
  sources.handler.apply([raw('a', 'x')], []);
  expect(sources.handler.apply([raw('a', 'bad')], [])).toEqual([{ name: 'a', reason: 'it is bad' }]);
  expect(sources.handler.apply([raw('a', 'unwanted')], [])).toEqual([
    { name: 'a', reason: 'nobody wants it' },
  ]);
  expect(handle.value).toBe('x');
  named.close();
});

test('nobody waits for what there is not, and who cannot use what there is leaves nothing behind', async () => {
  const sources = new Sources();
  const named = new NamedResources(sources, TYPE, textOf);
  const gone = named.subscribe('gone', ADS, () => undefined);
  sources.handler.apply([], ['gone']);
  await gone.warm;
  const user = named.subscribe('a', FILE, () => undefined);
  sources.handler.apply([raw('a', 'x')], []);
  expect(() =>
    named.subscribe('a', FILE, () => {
      throw new Error('not for me');
    }),
  ).toThrow('not for me');
  user.release();
  expect(sources.asked).toEqual(['+ads gone', '+path a', '-path a']);
  named.close();
});
