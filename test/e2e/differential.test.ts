/** The same configuration and the same requests to Envoy and to the builtin engine: both do the same. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from './differential/cases/all.ts';
import { mainCounters } from './differential/counters.ts';
import { Pair } from './differential/pair.ts';
import { expectSame } from './differential/same.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const ROWS = SCENARIOS.flatMap(({ title, questions }, index) =>
  questions.map((question, number) => {
    const { method = 'GET', path = '/', protocol = 'http1' } = question;
    const about = question.title ?? [protocol, method, path, question.do ?? ''].join(' ').slice(0, 80);
    return [`${title} › ${number} ${about}`, index, question] as const;
  }),
);

describeOnRealEnvoy('both engines', (program) => {
  let pair: Pair | undefined;

  beforeAll(async () => {
    pair = await Pair.start(program, SCENARIOS);
  }, 90_000);

  afterAll(async () => {
    await pair?.stop();
  });

  it('are asked enough', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(400);
  });

  it('differ only where docs/differences.md says so', () => {
    const headings = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8').match(
      /^### .+$/gm,
    );
    for (const { differs } of SCENARIOS.flatMap(({ questions }) => questions)) {
      if (differs !== undefined) expect(headings).toContain(`### ${differs}`);
    }
  });

  describe('do the same', () => {
    it.each(ROWS)('%s', async (_, index, question) => {
      if (pair === undefined) throw new Error('not started');
      const outcomes = await pair.ask(index, question);
      if (question.differs === undefined) expectSame(outcomes, question.within);
      else expect(outcomes[1]).not.toEqual(outcomes[0]);
    });
  });

  it('are counted the same', async () => {
    if (pair === undefined) throw new Error('not started');
    const { engines } = pair;
    // Where chance decides how often, or the two differ on purpose.
    const onPurpose = SCENARIOS.flatMap(({ questions }, index) =>
      questions.some(({ differs }) => differs !== undefined) ? [`http.apart_${index}.`] : [],
    );
    const apart = (name: string) =>
      /^cluster\.(b1|b2|b3|half-dead|lb-|outliers|m-half|m-by-chance)/.test(name) ||
      onPurpose.some((prefix) => name.startsWith(prefix));
    const different = async () =>
      Object.entries(await mainCounters(engines)).filter(
        ([name, [envoy, other]]) => envoy !== other && !apart(name),
      );
    // What belongs to the last request may be counted after its answer.
    await expect.poll(different).toEqual([]);
  });
});
