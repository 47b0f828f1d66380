/** Access logs of Envoy and of the builtin engine: the same lines for the same requests, whatever the format. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { eventually } from '../peers/run-envoy.ts';
import { Backends } from './differential/backends.ts';
import { COMPARED, Engine, type EngineKind } from './differential/engines.ts';
import type { JsonMap } from './differential/json.ts';
import { HTTP_CASES, TCP_CASES, TWICE, httpScenario, logs, tcpScenario } from './differential/log-cases.ts';
import { DEFAULT_FORMAT, ISTIO_FORMAT, comparableFields, textFields } from './differential/log-formats.ts';
import { listenerCount, setUp } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

type Fields = Readonly<Record<string, unknown>>;

/** By case and format. */
type Lines = ReadonlyMap<string, Fields>;

const FORMATS = ['default', 'istio', 'json'] as const;

function fieldsOf(format: (typeof FORMATS)[number], line: string): Fields {
  if (format === 'json') return JSON.parse(line) as Fields;
  return textFields(format === 'istio' ? ISTIO_FORMAT : DEFAULT_FORMAT, line);
}

/** What the second line of a case is called. */
function second(title: string): string {
  return `${title}, afterwards`;
}

async function linesOf(kind: EngineKind, program: string): Promise<Lines> {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-logs-'));
  const backends = await Backends.start();
  const scenarios = [
    httpScenario(logs(folder, 'http')),
    ...Object.keys(TCP_CASES).map((cluster) => tcpScenario(cluster, logs(folder, cluster))),
  ];
  const setup = setUp(scenarios, backends.ports, await freePorts(listenerCount(scenarios)));
  const engine = await Engine.start(kind, program, setup.bootstrap).catch(async (error: unknown) => {
    await backends.stop();
    throw error;
  });
  try {
    for (const [title, turn] of Object.entries(HTTP_CASES)) {
      await turn(setup.portOf(0), title, backends);
    }
    for (const [index, turn] of Object.values(TCP_CASES).entries()) {
      await turn(setup.portOf(index + 1), '', backends);
    }
    const written = (file: string, count: number): Promise<readonly string[]> =>
      eventually(
        () => readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1),
        (lines) => lines.length === count,
      );
    const lines = new Map<string, Fields>();
    // Lines of one request stand at the same place in all files.
    const http = await written('http.json', Object.keys(HTTP_CASES).length + TWICE.size);
    const titles = http
      .map((line) => String((JSON.parse(line) as JsonMap)['REQ(X-CASE)']))
      .map((title, index, all) => (all.indexOf(title) === index ? title : second(title)));
    for (const format of FORMATS) {
      for (const [index, line] of (await written(`http.${format}`, titles.length)).entries()) {
        lines.set(`${titles[index]} ${format}`, comparableFields(fieldsOf(format, line)));
      }
      for (const cluster of Object.keys(TCP_CASES)) {
        const [line = ''] = await written(`${cluster}.${format}`, 1);
        lines.set(`${cluster} ${format}`, comparableFields(fieldsOf(format, line)));
      }
    }
    return lines;
  } finally {
    await engine.stop();
    await backends.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

describeOnRealEnvoy('lines of access logs', (program) => {
  let envoy: Lines = new Map();
  let other: Lines = new Map();

  beforeAll(async () => {
    [envoy, other] = await Promise.all([linesOf('envoy', program), linesOf(COMPARED, program)]);
  }, 90_000);

  const rows = [...Object.keys(HTTP_CASES), ...[...TWICE].map(second), ...Object.keys(TCP_CASES)];
  it.each(rows.flatMap((title) => FORMATS.map((format) => [title, format] as const)))(
    '%s, %s',
    (title, format) => {
      const line = envoy.get(`${title} ${format}`);
      expect(line).toBeDefined();
      expect(other.get(`${title} ${format}`)).toEqual(line);
    },
  );
});
