import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Steps } from '../../src/ui/terminal/steps.ts';
import { showSteps } from '../../src/ui/terminal/steps-view.ts';

/** A terminal that keeps what is written to it. */
function terminal(): { readonly stream: NodeJS.WriteStream; text(): string } {
  const stream = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true });
  let written = '';
  stream.setEncoding('utf8').on('data', (part: string) => (written += part));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written };
}

test('steps are shown as they go on, and what is told last stays', async () => {
  const { stream, text } = terminal();
  const steps = new Steps();
  const end = showSteps(steps, stream, false);
  steps.set('a', 'Istiod', 'working', '0 of 1 pod is ready');
  await expect.poll(text).toContain('Istiod: 0 of 1 pod is ready');
  steps.set('a', 'Istiod', 'done');
  steps.set('b', 'Gateways', 'failed', 'no image');
  end();
  await expect.poll(text).toContain('✔ Istiod');
  expect(text()).toContain('✘ Gateways: no image');
});
