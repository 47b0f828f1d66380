import { describe, expect, it } from 'vitest';
import { parseText } from '../../../src/config/parse/parse.ts';
import { validate } from '../../../src/config/validate.ts';
import { formatFinding, linesOf } from '../findings-of.ts';

const map = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: istio-system}\ndata:\n${data}`;

describe('mesh settings in a ConfigMap', () => {
  it('that are sound give nothing', async () => {
    expect(
      await linesOf(
        map(
          'istio',
          '  mesh: |\n    enableTracing: true\n    defaultConfig: {concurrency: 2}\n  meshNetworks: "networks: {}"\n',
        ),
      ),
    ).toEqual([]);
    expect(
      await linesOf(
        map('istio-sidecar-injector', '  values: |\n    {"global": {}}\n  config: "policy: enabled"\n'),
      ),
    ).toEqual([]);
  });

  it('are checked in place, field by field', async () => {
    const { objects } = parseText(
      map(
        'istio-canary',
        '  mesh: |\n    # comment\n    enableTracin: true\n    defaultConfig:\n      concurrency: many\n',
      ),
      'f',
    );
    const [checked] = await validate(objects);
    expect(checked?.findings.map(formatFinding)).toEqual([
      'Error WrongType data.mesh.defaultConfig.concurrency: must be a whole number, but is the text "many"',
      'Error UnknownField data.mesh.enableTracin: unknown field "enableTracin"',
    ]);
    expect(checked?.findings.map(({ path }) => checked.object.source.locate(path))).toEqual([
      { line: 9, column: 7 },
      { line: 7, column: 5 },
    ]);
  });

  it('that cannot be read are told with the line inside the text', async () => {
    expect(await linesOf(map('istio', '  mesh: |\n    a: 1\n    b: c: d\n'))).toEqual([
      expect.stringMatching(/^Error Syntax data\.mesh: line 2 of the text: not valid YAML/),
    ]);
    expect(await linesOf(map('istio', '  mesh: just text\n'))).toEqual([
      'Error WrongType data.mesh: the text must hold a map',
    ]);
  });

  it("under other names, or of a ConfigMap that is not theirs, are nobody's business", async () => {
    expect(await linesOf(map('istio-app', '  settings: "{"\n'))).toEqual([]);
    expect(await linesOf(map('other', '  mesh: "{"\n'))).toEqual([]);
    expect(await linesOf(map('istio', '  mesh: ""\n'))).toEqual([]);
  });
});
