/** Two thousand requests by chance to Envoy and to the builtin engine: both do the same, and count the same. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { mainCounters } from './differential/counters.ts';
import { GENERATED, generate, randomFrom } from './differential/generated.ts';
import { Pair } from './differential/pair.ts';
import { expectSame } from './differential/same.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);
const EACH = 100;

describeOnRealEnvoy('requests by chance', (program) => {
  let pair: Pair | undefined;

  beforeAll(async () => {
    pair = await Pair.start(program, GENERATED);
  }, 90_000);

  afterAll(async () => {
    await pair?.stop();
  });

  it.each(SEEDS)('do the same, seed %i', async (seed) => {
    if (pair === undefined) throw new Error('not started');
    const random = randomFrom(seed);
    for (let count = 0; count < EACH; count++) {
      const [scenario, question] = generate(random);
      const outcomes = await pair.ask(scenario, question);
      try {
        expectSame(outcomes);
      } catch (error) {
        throw new Error(`request ${count}: ${JSON.stringify(question)}`, { cause: error });
      }
    }
  });

  it('are counted the same', async () => {
    if (pair === undefined) throw new Error('not started');
    const counters = await mainCounters(pair.engines);
    expect(Object.keys(counters).length).toBeGreaterThan(30);
    expect(Object.entries(counters).filter(([, [envoy, other]]) => envoy !== other)).toEqual([]);
  });
});
