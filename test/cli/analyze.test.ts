/** `mesh analyze` as a command: input, thresholds, suppression, exit codes. Analyzers have tests of their own. */

import { describe, expect, test } from 'vitest';
import { runMesh, type MeshRun, type RunOptions } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: pie, namespace: shop}
spec:
  selector: {app: pie}
  ports: [{name: http, port: 80}]
`;
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: pie, namespace: shop}
spec:
  selector: {matchLabels: {app: pie}}
  template:
    metadata: {labels: {app: pie, version: v1}}
    spec: {containers: [{name: pie, image: pie}]}
`;
const ROUTE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: pie
  namespace: shop
spec:
  hosts:
  - pie
  http:
  - route:
    - destination:
        host: cake
`;
const GOOD_ROUTE = ROUTE.replace('host: cake', 'host: pie');
const PORT_NAME = SERVICE.replace('name: http', 'name: pies');
const BROKEN = 'kind: [\n';

const ISSUES = 79;
const UNREADABLE = 65;

const analyze = (stdin: string, flags: readonly string[] = [], options: RunOptions = {}): Promise<MeshRun> =>
  runMesh(['analyze', '--use-kube=false', '-', ...flags], { stdin, cwd: tempFolder(), ...options });

const docs = (...texts: readonly string[]): string => texts.join('---\n');

function codesOf({ stdout }: MeshRun): string[] {
  return (JSON.parse(stdout) as { code: string }[]).map(({ code }) => code);
}

describe('a folder with a wrong host, and no cluster anywhere', () => {
  const files = { 'app.yaml': docs(DEPLOYMENT, SERVICE), 'routes/pie.yaml': ROUTE };
  const env = { KUBECONFIG: '/nonexistent' };

  test('gives IST0101 with file, line and column, and exit code 79', async () => {
    const folder = tempFolder(files);
    const { code, stdout, stderr } = await runMesh(['analyze', '--use-kube=false', folder], {
      env,
      cwd: folder,
    });
    expect(code).toBe(ISSUES);
    expect(stdout).toMatch(
      /^Error \[IST0101\] \(VirtualService shop\/pie .*routes.pie\.yaml:12:9\) .*"cake"/m,
    );
    expect(stderr).toMatch(/^Found 1 error.* \(2 files, 3 objects, 1 namespace\)\.$/m);
  });

  test.for(['log', 'json', 'yaml', 'sarif', 'junit', 'github'])(
    'exits with 79 with -o %s too, with the same count',
    async (format) => {
      const folder = tempFolder(files);
      const { code, stdout } = await runMesh(['analyze', folder, '-o', format], { env, cwd: folder });
      expect(code).toBe(ISSUES);
      const marks = {
        log: /\[IST0101\]/g,
        json: /"code": "IST0101"/g,
        yaml: /code: IST0101/g,
        sarif: /"ruleId": "IST0101"/g,
        junit: /type="IST0101"/g,
        github: /title=IST0101/g,
      };
      expect(stdout.match(marks[format as keyof typeof marks])).toHaveLength(1);
    },
  );
});

describe('exit codes', () => {
  const table: [string, string, string[], number][] = [
    ['nothing found', docs(DEPLOYMENT, SERVICE, GOOD_ROUTE), [], 0],
    ['an error', docs(SERVICE, ROUTE), [], ISSUES],
    ['an error, and --exit-zero', docs(SERVICE, ROUTE), ['--exit-zero'], 0],
    ['an info below the failure threshold', PORT_NAME, [], 0],
    ['an info at the failure threshold', PORT_NAME, ['--failure-threshold', 'info'], ISSUES],
    [
      'an info that is not shown but counts',
      PORT_NAME,
      ['--failure-threshold=Info', '--output-threshold=Error'],
      ISSUES,
    ],
    ['unreadable input', docs(SERVICE, BROKEN), [], UNREADABLE],
    ['unreadable input and an error', docs(SERVICE, ROUTE, BROKEN), [], ISSUES],
    ['unreadable input and --ignore-unknown', docs(SERVICE, BROKEN), ['--ignore-unknown'], 0],
    ['unreadable input and --exit-zero', docs(SERVICE, BROKEN), ['--exit-zero'], 0],
    ['something else than Kubernetes objects', 'a: b\n', [], 0],
    ['something else, and --strict-files', 'a: b\n', ['--strict-files'], UNREADABLE],
  ];
  test.for(table)('%s', async ([, stdin, flags, expected]) => {
    for (const format of ['log', 'json', 'sarif']) {
      expect((await analyze(stdin, [...flags, '-o', format])).code, format).toBe(expected);
    }
  });
});

describe('output', () => {
  test('is an empty list for what is clean, in JSON and YAML', async () => {
    const clean = docs(DEPLOYMENT, SERVICE, GOOD_ROUTE);
    expect((await analyze(clean, ['-o', 'json'])).stdout).toBe('[]\n');
    expect((await analyze(clean, ['-o', 'yaml'])).stdout).toBe('[]\n');
  });

  test('is nothing but a mark on standard error for what is clean, in log', async () => {
    const { stdout, stderr } = await analyze(docs(DEPLOYMENT, SERVICE, GOOD_ROUTE));
    expect(stdout).toBe('');
    expect(stderr).toContain('✔ No validation issues found (1 file, 3 objects, 1 namespace).');
  });

  test('leaves out levels below the output threshold', async () => {
    expect(codesOf(await analyze(PORT_NAME, ['-o', 'json', '--only', 'IST0118']))).toEqual(['IST0118']);
    expect(codesOf(await analyze(PORT_NAME, ['-o', 'json', '--output-threshold', 'WARNING']))).toEqual([]);
  });

  describe('on analyzers that could not run', () => {
    const withSubset = docs(SERVICE, ROUTE.replace('host: cake', 'host: pie\n        subset: v1'));
    const noRules =
      'Note: not checked, for the input has no DestinationRule: virtualservice.DestinationRuleAnalyzer\n';

    test('names them, and what is missing', async () => {
      expect((await analyze(withSubset)).stderr).toContain(noRules);
      expect((await analyze(ROUTE)).stderr).toContain(
        'Note: not checked, for the input has no Service or ServiceEntry: virtualservice.DestinationHostAnalyzer\n',
      );
    });

    test('is silent where they had nothing to check', async () => {
      expect((await analyze(docs(SERVICE, ROUTE))).stderr).not.toContain('not checked');
      expect((await analyze('')).stderr).not.toContain('not checked');
    });

    test.for([['--skip', 'IST0101'] as const, ['--only', 'IST0118'] as const])(
      'is silent where nobody asked for what they say (%s %s)',
      async (flags) => {
        expect((await analyze(withSubset, flags)).stderr).not.toContain(noRules);
      },
    );
  });

  test('names the field where a message is about its value', async () => {
    const { stdout } = await analyze(
      docs(SERVICE, GOOD_ROUTE.replace('host: pie', 'host: pie\n      weight: -1')),
    );
    expect(stdout).toMatch(
      /^Error \[IST0106\] \(VirtualService shop\/pie -:\d+:\d+\) spec\.http\[0\]\.route\[0\]\.weight: -1 is less than 0/m,
    );
  });

  test('has unreadable documents in it, with their place', async () => {
    const { stdout } = await analyze(docs(SERVICE, BROKEN), ['-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([{ code: 'MESH1001', file: '-', line: expect.any(Number) }]);
  });
});

describe('namespaces', () => {
  const two = docs(
    SERVICE,
    ROUTE,
    ROUTE.replace('namespace: shop', 'namespace: bakery').replaceAll('name: pie', 'name: bun'),
  );
  const origins = async (...flags: string[]): Promise<string[]> => {
    const { stdout } = await analyze(two, ['-o', 'json', '--only', 'IST0101', ...flags]);
    return (JSON.parse(stdout) as { origin: string }[]).map(({ origin }) => origin);
  };

  test('all of them are reported, unless one is named', async () => {
    expect(await origins()).toEqual(
      expect.arrayContaining(['VirtualService bakery/bun', 'VirtualService shop/pie']),
    );
    expect(await origins('-n', 'shop')).toEqual(['VirtualService shop/pie']);
    expect(await origins('-n', 'shop', '-A')).toEqual(await origins());
    expect(await origins('--exclude-namespace', 'bakery')).toEqual(['VirtualService shop/pie']);
  });
});

describe('suppression', () => {
  const input = docs(SERVICE, ROUTE);
  const left = async (flags: readonly string[], stdin = input, options: RunOptions = {}): Promise<string[]> =>
    codesOf(await analyze(stdin, ['-o', 'json', ...flags], options));

  test.for([
    ['a bare code', 'IST0101'],
    ['Kind namespace/name', 'IST0101=VirtualService shop/pie'],
    ['the older Kind name.namespace', 'IST0101=VirtualService pie.shop'],
    ['any text for *', 'IST0101=VirtualService shop/*'],
    ['any code', '*=VirtualService *'],
  ])('by flag: %s', async ([, value = '']) => {
    expect(await left([])).toEqual(['IST0101']);
    expect(await left(['-S', value])).toEqual([]);
    expect((await analyze(input, ['-S', value])).code).toBe(0);
  });

  test('by annotation', async () => {
    const annotated = input.replace(
      'name: pie\n',
      'name: pie\n  annotations: {galley.istio.io/analyze-suppress: "IST0101"}\n',
    );
    expect(await left([], annotated)).toEqual([]);
  });

  test('by .mesh.yaml, also from a folder below it', async () => {
    const text =
      'suppress:\n- code: IST0101\n  resource: VirtualService shop/*\n  reason: The cake service comes with the next release.\n';
    const cwd = tempFolder({ '.mesh.yaml': text, 'sub/x': '' });
    expect(await left([], input, { cwd })).toEqual([]);
    expect(await left([], input, { cwd: `${cwd}/sub` })).toEqual([]);
  });

  test('by .mesh.yaml stops at the root of the repository', async () => {
    const cwd = tempFolder({ '.mesh.yaml': 'suppress: [IST0101]\n', 'repo/.git/HEAD': '' });
    expect(await left([], input, { cwd: `${cwd}/repo` })).toEqual(['IST0101']);
  });

  test('of whole namespaces in .mesh.yaml', async () => {
    const cwd = tempFolder({ '.mesh.yaml': 'exclude-namespaces: [shop]\n' });
    expect(await left([], input, { cwd })).toEqual([]);
  });

  test('shows in SARIF, with its reason', async () => {
    const cwd = tempFolder({ '.mesh.yaml': 'suppress:\n- {code: IST0101, reason: Known.}\n' });
    const { code, stdout } = await analyze(input, ['-o', 'sarif'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      runs: [
        { results: [{ ruleId: 'IST0101', suppressions: [{ kind: 'external', justification: 'Known.' }] }] },
      ],
    });
  });

  test('that hits nothing is warned about, with where it was said', async () => {
    const cwd = tempFolder({ '.mesh.yaml': '# comment\nsuppress:\n- IST0102\n' });
    const { stderr } = await analyze(input, ['-S', 'IST0101=Pod *'], { cwd });
    expect(stderr).toContain('Warning: --suppress IST0101=Pod *: nothing was there to suppress\n');
    expect(stderr).toContain('Warning: .mesh.yaml:3: nothing was there to suppress\n');
  });

  test('of a code that does not exist is warned about, of a retired one not', async () => {
    const { code, stderr } = await analyze(docs(DEPLOYMENT, SERVICE, GOOD_ROUTE), [
      '-S',
      'IST101=Pod *',
      '-S',
      'IST0105',
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'Warning: --suppress IST101=Pod *: there is no code IST101; did you mean IST0101?',
    );
    expect(stderr).not.toContain('no code IST0105');
  });

  test.for([
    ['suppress: IST0101\n', '.mesh.yaml:1:1: suppress must be a list'],
    ['suppress:\n- cod: IST0101\n', '.mesh.yaml:2:3: cod is no field of this file\n  Did you mean code?'],
    ['suppress:\n- reason: x\n', '.mesh.yaml:2:3: code must be text'],
    ['supress: []\n', '.mesh.yaml:1:1: supress is no field of this file\n  Did you mean suppress?'],
    ['[]\n', '.mesh.yaml:1:1: the file must be a map'],
  ])('%j in .mesh.yaml is refused with its place', async ([text = '', message = '']) => {
    const { code, stderr } = await analyze(input, [], { cwd: tempFolder({ '.mesh.yaml': text }) });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('chosen codes and analyzers', () => {
  const input = docs(PORT_NAME, ROUTE);
  const codes = async (...flags: string[]): Promise<string[]> =>
    codesOf(await analyze(input, ['-o', 'json', ...flags]));

  test('--only and --skip take codes and names of messages', async () => {
    expect(await codes('--only', 'IST0101,IST0118')).toEqual(['IST0101', 'IST0118']);
    expect(await codes('--only', 'ReferencedResourceNotFound')).toEqual(['IST0101']);
    expect(await codes('--only', 'IST0101,IST0118', '--skip', 'ist0101')).toEqual(['IST0118']);
  });

  test('an unknown code, analyzer or level is wrong usage, with the nearest name', async () => {
    const table: [string[], string, string][] = [
      [['--only', 'IST101'], '--only names IST101', 'Did you mean IST0101?'],
      [['--skip', 'nothing-like-it'], '--skip names nothing-like-it', 'mesh analyze --list-analyzers'],
      [
        ['--analyzer', 'service.PortNameAnalyser'],
        'no analyzer "service.PortNameAnalyser"',
        'service.PortNameAnalyzer?',
      ],
      [['--failure-threshold', 'Eror'], 'must be one of Info, Warning, Error', 'Did you mean Error?'],
      [['-o', 'jsno'], '--output is "jsno"', 'Did you mean json?'],
    ];
    for (const [flags, message, hint] of table) {
      const { code, stdout, stderr } = await analyze(input, flags);
      expect(stderr).toContain(message);
      expect(stderr).toContain(hint);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    }
  });

  test('--analyzer runs one analyzer alone', async () => {
    expect(await codes('--analyzer', 'service.PortNameAnalyzer')).toEqual(['IST0118']);
  });

  test("the checks of validate go by istioctl's name of them", async () => {
    const bad = `${ROUTE.replace('http:', 'htpp: []\n  http:')}`;
    expect(
      codesOf(await analyze(bad, ['-o', 'json', '--analyzer', 'schema.ValidationAnalyzer.VirtualService'])),
    ).toEqual(['IST0106']);
    expect(codesOf(await analyze(bad, ['-o', 'json', '--analyzer', 'service.PortNameAnalyzer']))).toEqual([]);
  });

  test('-L lists analyzers with their codes, also as JSON', async () => {
    const list = await runMesh(['analyze', '-L']);
    expect(list.stdout).toMatch(/^\* service\.PortNameAnalyzer:\n {4}.*\[IST0118\b.*\]$/m);
    const rows = JSON.parse((await runMesh(['analyze', '-L', '-o', 'json'])).stdout) as { name: string }[];
    expect(rows.map(({ name }) => name)).toContain('schema.ValidationAnalyzer');
    expect(list.stdout.match(/^\* /gm)).toHaveLength(rows.length);
  });
});

describe('settings of the mesh', () => {
  test('--meshConfigFile must exist, and is checked with line and column', async () => {
    const cwd = tempFolder({ 'mesh.yaml': 'accessLogFile: /dev/stdout\nenableTracing: maybe\n' });
    const missing = await analyze(SERVICE, ['--meshConfigFile', 'nope.yaml'], { cwd });
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('names nope.yaml, which does not exist'),
    });
    const wrong = await analyze(SERVICE, ['--meshConfigFile', 'mesh.yaml'], { cwd });
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('mesh.yaml:2:1: enableTracing: '),
    });
  });

  test('a field that a newer release may know is only noted', async () => {
    const cwd = tempFolder({ 'mesh.yaml': 'somethingNew: 1\n' });
    const { code, stderr } = await analyze(SERVICE, ['--meshConfigFile', 'mesh.yaml'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toContain('Warning: mesh.yaml:1:1: somethingNew: ');
  });

  test('--cluster-domain is the domain of services', async () => {
    const input = docs(SERVICE, ROUTE.replace('host: cake', 'host: pie.shop.svc.example.org'));
    expect((await analyze(input, ['--only', 'IST0101'])).code).toBe(ISSUES);
    expect((await analyze(input, ['--only', 'IST0101', '--cluster-domain', 'example.org'])).code).toBe(0);
  });
});

describe('the command line of istioctl', () => {
  test('-R, --timeout, --revision and -d change nothing', async () => {
    const flags = ['-R', '--timeout', '5s', '--revision', 'canary', '-d', '--remote-contexts', 'west'];
    expect(await analyze(docs(SERVICE, ROUTE), flags)).toEqual(await analyze(docs(SERVICE, ROUTE)));
  });

  test('-f is the same as an argument', async () => {
    const run = await runMesh(['analyze', '-f', '-', '-o', 'json'], {
      stdin: docs(SERVICE, ROUTE),
      cwd: tempFolder(),
    });
    expect(codesOf(run)).toEqual(['IST0101']);
  });

  test('a file of another extension is passed over with a note', async () => {
    const folder = tempFolder({ 'notes.txt': 'x', 'a.yaml': SERVICE });
    const { stderr } = await runMesh(['analyze', `${folder}/notes.txt`, `${folder}/a.yaml`], { cwd: folder });
    expect(stderr).toContain('notes.txt, recognized file extensions are: [.json .yaml .yml]');
  });

  test.for([[[]], [['-A']], [['--use-kube', '-']]])(
    '%j without a cluster says where one is looked for',
    async ([flags]) => {
      const { code, stderr } = await runMesh(['analyze', ...(flags ?? [])], { stdin: SERVICE });
      expect(code).toBe(1);
      expect(stderr).toContain('no kubeconfig file is named or found');
      expect(stderr).toContain('mesh analyze --use-kube=false manifests/');
    },
  );

  test('several clusters are not analyzed in one run', async () => {
    const { code, stderr } = await runMesh(['analyze', '--remote-contexts', 'east,west']);
    expect(code).toBe(1);
    expect(stderr).toContain('mesh analyze --context');
  });

  test('without files and without a cluster there is nothing to do', async () => {
    const { code, stderr } = await runMesh(['analyze', '--use-kube=false']);
    expect(code).toBe(2);
    expect(stderr).toContain('mesh analyze --use-kube=false manifests/');
  });
});
