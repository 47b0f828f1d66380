import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PushPace } from '../../src/controller/push-pace.ts';

const SLICE = 'discovery.k8s.io/EndpointSlice';
const ROUTE = 'networking.istio.io/VirtualService';

let pushes: string[][] = [];
let pace: PushPace;

beforeEach(() => {
  vi.useFakeTimers();
  pushes = [];
  pace = new PushPace({ quiet: 100, max: 1000 }, (kinds) => pushes.push([...kinds]));
});
afterEach(() => vi.useRealTimers());

test('endpoints alone go out at once', () => {
  pace.changed([SLICE, 'core/Endpoints']);
  vi.advanceTimersByTime(1);
  expect(pushes).toEqual([[SLICE, 'core/Endpoints']]);
});

test('endpoints that change all the time are gathered', () => {
  pace.changed([SLICE]);
  vi.advanceTimersByTime(1);
  for (let change = 0; change < 5; change++) {
    pace.changed([SLICE]);
    vi.advanceTimersByTime(60);
  }
  expect(pushes).toEqual([[SLICE]]);
  vi.advanceTimersByTime(40);
  expect(pushes).toEqual([[SLICE], [SLICE]]);
  vi.advanceTimersByTime(100);
  pace.changed([SLICE]);
  vi.advanceTimersByTime(1);
  expect(pushes).toHaveLength(3);
});

test.each([
  ['another kind', [ROUTE]],
  ['endpoints and another kind', [SLICE, ROUTE]],
  ['what no object shows', []],
])('%s waits until nothing follows', (_, kinds) => {
  pace.changed(kinds);
  vi.advanceTimersByTime(99);
  expect(pushes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(pushes).toEqual([kinds]);
});

test('endpoints wait with a change that waits already', () => {
  pace.changed([ROUTE]);
  vi.advanceTimersByTime(50);
  pace.changed([SLICE]);
  vi.advanceTimersByTime(99);
  expect(pushes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(pushes).toEqual([[ROUTE, SLICE]]);
});

test('nothing is sent when it is cancelled', () => {
  pace.changed([SLICE]);
  pace.cancel();
  vi.advanceTimersByTime(2000);
  expect(pushes).toEqual([]);
});
