/**
 * A program that runs inside a test's network and does for the test what only a program in there can: it answers at
 * every address as a backend, and makes requests. `courier.ts SOCKET CERT KEY PLACE…`, where CERT
 * and KEY may be empty; it is asked over HTTP at SOCKET.
 */

import { createServer } from 'node:http';
import { holdAnswers, startBackends, takeSeen } from './backends.ts';
import type { Errand, Errands, Outcome } from './courier-messages.ts';
import { run } from './errands.ts';

const [socket = '', cert = '', key = '', ...more] = process.argv.slice(2);

async function runAll({ errand, times = 1, atOnce, releaseAfter }: Errands): Promise<readonly Outcome[]> {
  let done = 0;
  const attempt = async (one: Errand): Promise<Outcome> => {
    const outcome = await run(one);
    // Those that are on their way still are not held either.
    if (++done === releaseAfter) holdAnswers(false);
    return outcome;
  };
  if (atOnce !== undefined) {
    const all = await Promise.all(Array.from({ length: atOnce }, () => attempt(errand)));
    holdAnswers(true);
    return all;
  }
  const outcomes: Outcome[] = [];
  for (let count = 0; count < times; count++) outcomes.push(await attempt(errand));
  return outcomes;
}

await startBackends(cert === '' ? undefined : { cert, key }, more);
createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (part: string) => (text += part));
  request.on('end', () => {
    const answer = (value: unknown): void => void response.end(JSON.stringify(value));
    if (request.url === '/seen') answer(takeSeen());
    else if (request.url === '/release') {
      holdAnswers(false);
      holdAnswers(true);
      answer(null);
    } else
      void runAll(JSON.parse(text) as Errands).then(answer, (error: Error) =>
        response.writeHead(500).end(String(error.stack)),
      );
  });
}).listen(socket, () => process.stdout.write('ready\n'));
