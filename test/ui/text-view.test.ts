import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { showText } from '../../src/ui/terminal/text-view.ts';

/** A terminal of six lines that keeps what is written to it. */
function terminal(): { readonly stream: NodeJS.WriteStream; text(): string } {
  const stream = Object.assign(new PassThrough(), { columns: 40, rows: 6, isTTY: true });
  let written = '';
  stream.setEncoding('utf8').on('data', (part: string) => (written += part));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written };
}

test('a text is drawn anew, as far as there is room, with its notes', async () => {
  const { stream, text } = terminal();
  const view = showText(stream, false);
  view.update('one\ntwo\n', []);
  await expect.poll(text).toContain('two');
  view.update(Array.from({ length: 10 }, (_, index) => `row ${index}`).join('\n'), ['something is missing']);
  await expect.poll(text).toContain('row 2\n… and 7 more\nNote: something is missing');
  view.end();
  expect(text()).not.toContain('row 3');
});
