/** How a DestinationRule has endpoints chosen. */

import { expect } from 'vitest';
import { type Seen, type FeatureCase, get, send, shares } from './case.ts';
import { POLICY, served } from './manifests.ts';

/** Requests of one kind all go to the same endpoint, and many kinds use both. */
function sticks(name: string, hash: string, kind: (value: number) => object, flag = ''): FeatureCase {
  return {
    feature: `DestinationRule consistentHash: ${hash}${flag}`,
    config: served(name, POLICY(`{loadBalancer: {consistentHash: {${hash}}}}`)),
    asks: [
      {
        ...get(name, kind(1)),
        times: 12,
        check: async (all, world) => {
          expect(Object.keys(shares(all))).toHaveLength(1);
          const others: Seen[] = [];
          for (let value = 2; value < 30; value++)
            others.push(...(await send(world, get(name, kind(value)))));
          expect(Object.keys(shares(others)).toSorted()).toEqual(['web v1', 'web v2']);
        },
      },
    ],
  };
}

const both = (all: readonly Seen[]): void =>
  expect(Object.keys(shares(all)).toSorted()).toEqual(['web v1', 'web v2']);

export const LOAD_BALANCING: readonly FeatureCase[] = [
  ...['ROUND_ROBIN', 'LEAST_REQUEST', 'LEAST_CONN', 'RANDOM'].map((simple): FeatureCase => {
    const name = `lb-${simple.toLowerCase().replace('_', '-')}`;
    return {
      feature: `DestinationRule loadBalancer.simple ${simple}`,
      config: served(name, POLICY(`{loadBalancer: {simple: ${simple}}}`)),
      asks: [
        {
          ...get(name),
          times: 40,
          check: (all) => {
            both(all);
            if (simple === 'ROUND_ROBIN') expect(shares(all)).toEqual({ 'web v1': 20, 'web v2': 20 });
          },
        },
      ],
    };
  }),
  sticks('hash-header', 'httpHeaderName: user', (value) => ({ headers: { user: `user-${value}` } })),
  sticks('hash-query', 'httpQueryParameterName: user', (value) => ({ path: `/?user=user-${value}` })),
  sticks('hash-ring', 'httpHeaderName: user, ringHash: {minimumRingSize: 4096}', (value) => ({
    headers: { user: `user-${value}` },
  })),
  sticks('hash-maglev', 'httpHeaderName: user, maglev: {tableSize: 1009}', (value) => ({
    headers: { user: `user-${value}` },
  })),
  {
    feature: 'DestinationRule consistentHash: a cookie that is made where there is none',
    config: served(
      'hash-cookie',
      POLICY(
        '{loadBalancer: {consistentHash: {httpCookie: {name: user, ttl: 60s, path: /, attributes: [{name: SameSite, value: Strict}]}}}}',
      ),
    ),
    asks: [
      {
        ...get('hash-cookie'),
        check: async ([one], world) => {
          const [cookie = ''] = (one?.headers?.['set-cookie'] ?? []) as readonly string[];
          expect(cookie).toMatch(/^user="?[0-9a-f]+"?; Max-Age=60; Path=\/; SameSite=Strict; HttpOnly$/);
          const again = await send(world, {
            ...get('hash-cookie', { headers: { cookie: cookie.split(';')[0] ?? '' } }),
            times: 10,
          });
          expect(Object.keys(shares(again))).toEqual([one?.who]);
          expect(again[0]?.headers).not.toHaveProperty('set-cookie');
        },
      },
    ],
  },
  {
    feature: 'DestinationRule consistentHash: the address of the client',
    config: served('hash-source', POLICY('{loadBalancer: {consistentHash: {useSourceIp: true}}}')),
    asks: [
      { ...get('hash-source'), times: 12, check: (all) => expect(Object.keys(shares(all))).toHaveLength(1) },
      {
        ...get('hash-source', { from: '127.0.0.2' }),
        check: async (first, world) => {
          const all = [...first];
          for (let last = 3; last < 30; last++) {
            all.push(...(await send(world, get('hash-source', { from: `127.0.0.${last}` }))));
          }
          both(all);
        },
      },
    ],
  },
];
