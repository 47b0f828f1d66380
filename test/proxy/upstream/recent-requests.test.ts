/** What a retry budget with an interval counts. */

import { expect, test } from 'vitest';
import { RecentRequests } from '../../../src/proxy/upstream/recent-requests.ts';

function requestsAt() {
  const clock = { now: 12_345 };
  return { clock, requests: new RecentRequests(100, 1_000, () => clock.now) };
}

test('requests count from their start until the interval is over, whether they are over or not', () => {
  const { clock, requests } = requestsAt();
  requests.current++;
  requests.current++;
  requests.current--;
  expect([requests.current, requests.started()]).toEqual([1, 2]);
  clock.now += 500;
  requests.current++;
  expect([requests.current, requests.started()]).toEqual([2, 3]);
  clock.now += 400;
  expect(requests.started()).toBe(3);
  clock.now += 100;
  expect(requests.started()).toBe(1);
  clock.now += 500;
  expect([requests.current, requests.started()]).toEqual([2, 0]);
});

test('nothing is left of a time long ago, and what begins then counts', () => {
  const { clock, requests } = requestsAt();
  for (let sent = 0; sent < 5; sent++) {
    requests.current++;
    clock.now += 70;
  }
  expect(requests.started()).toBe(5);
  clock.now += 1_000_000;
  expect(requests.started()).toBe(0);
  requests.current++;
  expect(requests.started()).toBe(1);
});
