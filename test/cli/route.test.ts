import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const MESH = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {app: front}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [front]
  http:
  - name: old
    match:
    - uri: {exact: /gone}
    - uri: {prefix: /old/}
    rewrite: {uri: /new/}
    timeout: 2s
    route: [{destination: {host: web}}]
  - match: [{uri: {exact: /moved}}]
    redirect: {uri: /here, redirectCode: 302}
  - match: [{method: {exact: PUT}}]
    route: [{destination: {host: nowhere}}]
  - match: [{method: {exact: GET}}]
    directResponse: {status: 418, body: {string: tea}}
`;

const route = (folder: string, ...flags: string[]) =>
  runMesh(['route', '--host', 'shop.example', ...flags, join(folder, 'mesh.yaml')]);

describe('mesh route', () => {
  it('names the line of the match that takes the request', async () => {
    const folder = tempFolder({ 'mesh.yaml': MESH });
    const run = await route(folder, '--path', '/old/x?y', '-o', 'json');
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      routed: true,
      result: 'forward',
      rule: { object: 'VirtualService shop/web', file: join(folder, 'mesh.yaml'), line: 25, name: 'old' },
      rewrite: { path: '/new/x?y' },
      timeout: '2s',
      destinations: [{ host: 'web.shop.svc.cluster.local', port: 80, percent: 100 }],
      refused: [{ condition: 'path exact "/gone"', rule: { line: 24 } }],
    });
  });

  it.each<[string, string[], number, string]>([
    ['a redirect', ['--path', '/moved?q'], 0, 'redirect 302 to http://shop.example/here?q'],
    ['an answer of its own', [], 0, 'response 418'],
    ['a destination unknown', ['--method', 'PUT'], 1, 'the answer is 503'],
    ['nothing', ['--method', 'POST'], 1, 'no rule takes the request'],
    ['a port that is not open', ['--port', '81'], 1, 'it opens 80'],
  ])('tells of %s', async (_, flags, code, text) => {
    const folder = tempFolder({ 'mesh.yaml': MESH });
    const run = await route(folder, ...flags);
    expect(run.stdout).toContain(text);
    expect(run.code).toBe(code);
  });

  it.each<[string, string[], string]>([
    ['a gateway unknown', ['--gateway', 'shop/frond'], 'Did you mean shop/front?'],
    ['two askers', ['--gateway', 'shop/front', '--from', 'shop'], 'Keep one of them'],
    ['a header without a value', ['--header', 'x'], 'Write --header name=value'],
  ])('refuses %s', async (_, flags, hint) => {
    const folder = tempFolder({ 'mesh.yaml': MESH });
    const run = await route(folder, ...flags);
    expect(run.stderr).toContain(hint);
    expect(run.code).toBe(2);
  });

  it('takes a Gateway that is not in the files for one that serves every host', async () => {
    const text = MESH.replace('name: front', 'name: other');
    const folder = tempFolder({ 'mesh.yaml': text });
    const run = await route(folder);
    expect(run.stdout).toContain('response 418');
    expect(run.stderr).toContain('the Gateway shop/front is not in the files');
  });
});

describe('mesh route test', () => {
  const OURS = `tests:
- name: old paths are rewritten
  host: shop.example
  path: /old/a
  expect: {destination: {host: web.shop, port: 80}, rewrite: {path: /new/a}, timeout: 2000ms}
- host: shop.example
  expect: {destination: web}
`;
  const VALIDATORS = `testCases:
- description: old paths
  wantMatch: true
  request: {authority: [shop.example], method: [GET, PUT], uri: [/old/a, /gone]}
  route: [{destination: {host: web}}]
  rewrite: {uri: /new/}
- description: moved is not served
  wantMatch: false
  request: {authority: [shop.example], uri: [/moved]}
  route: [{destination: {host: web}}]
- description: wrong on purpose
  wantMatch: true
  request: {authority: [shop.example], uri: [/moved]}
  redirect: {uri: /there}
`;

  it('says of a case that fails which rule won, with its line', async () => {
    const folder = tempFolder({ 'mesh.yaml': MESH, 'cases.yaml': OURS });
    const run = await runMesh(['route', 'test', folder]);
    expect(run.stdout).toContain(`ok   ${join(folder, 'cases.yaml')}:2 old paths are rewritten`);
    expect(run.stdout).toContain('expected destination "web"');
    expect(run.stdout).toContain(`${join(folder, 'mesh.yaml')}:33 VirtualService shop/web won, response 418`);
    expect(run.stdout).toContain('1 of 2 cases fails.');
    expect(run.code).toBe(1);
  });

  it('says of one case that it passes', async () => {
    const folder = tempFolder({ 'mesh.yaml': MESH, 'cases.yaml': OURS.slice(0, OURS.lastIndexOf('- host')) });
    const run = await runMesh(['route', 'test', folder]);
    expect(run.stdout).toMatch(/^ok {3}.*\nThe one case passes\.\n$/);
    expect(run.code).toBe(0);
  });

  it('takes cases of istio-config-validator', async () => {
    const folder = tempFolder({ 'mesh.yaml': MESH, 'cases.yaml': VALIDATORS });
    const flags = ['--tests', join(folder, 'cases.yaml'), '-o', 'json'];
    const run = await runMesh(['route', 'test', ...flags, join(folder, 'mesh.yaml')]);
    const { cases } = JSON.parse(run.stdout) as { cases: { passed: boolean }[] };
    expect(cases.map(({ passed }) => passed)).toEqual([true, true, false]);
  });

  it('reports to CI servers', async () => {
    const folder = tempFolder({ 'mesh.yaml': MESH, 'cases.yaml': OURS });
    const run = await runMesh(['route', 'test', '-o', 'junit', folder]);
    expect(run.stdout).toContain('<testsuites name="mesh route test" tests="2" failures="1"');
    expect(run.stdout).toContain(
      '<testcase name="old paths are rewritten" classname="mesh.route" time="0"/>',
    );
  });

  it('points at a field that it does not know', async () => {
    const folder = tempFolder({ 'mesh.yaml': MESH, 'cases.yaml': 'tests:\n- hots: x\n' });
    const run = await runMesh(['route', 'test', folder]);
    expect(run.stderr).toContain('Did you mean host?');
    expect(run.stderr).toContain('cases.yaml:2');
    expect(run.code).toBe(2);
  });

  it('passes the cases that the documentation shows', async () => {
    const page = readFileSync(new URL('../../docs/route.md', import.meta.url), 'utf8');
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
    const folder = tempFolder({});
    for (const [index, text] of blocks.entries()) writeFileSync(join(folder, `${index}.yaml`), text);
    const run = await runMesh(['route', 'test', folder]);
    expect(run.stdout).toMatch(/All \d+ cases pass\./);
    expect(run.code).toBe(0);
  });
});
