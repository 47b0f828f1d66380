import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MeshError, analyze, readFiles, validate } from '../src/index.ts';

const service = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: fruits, namespace: shop}
spec:
  hosts: [fruits]
  http:
  - rout:
    - destination: {host: fruits}
`;

describe('the library validates', () => {
  it('texts, and says what is wrong where', async () => {
    const result = await validate({ files: [{ path: 'a.yaml', text: service }] });
    expect(result).toMatchObject({ valid: false, objects: 1, skipped: 0 });
    expect(result.findings[0]).toEqual({
      code: 'MESH1010',
      name: 'UnknownField',
      level: 'Error',
      message: 'unknown field "rout"',
      hint: 'Did you mean "route"?',
      file: 'a.yaml',
      line: 7,
      column: 5,
      object: 'VirtualService shop/fruits',
      path: ['spec', 'http', 0, 'rout'],
      field: 'spec.http[0].rout',
    });
  });

  it('several texts together, in their order', async () => {
    const text = service.replace('rout:', 'route:');
    const result = await validate({
      files: [
        { path: 'b.yaml', text: 'a: b: c' },
        { path: 'a.yaml', text },
        {
          path: 'c.yaml',
          text: `replicas: 3\n---\n${text.replace('hosts: [', 'gateways: [mesh]\n  hosts: [')}`,
        },
      ],
    });
    expect(result.findings.map(({ name, file }) => [name, file])).toEqual([
      ['Syntax', 'b.yaml'],
      ['Duplicate', 'c.yaml'],
    ]);
    expect(result).toMatchObject({ objects: 2, skipped: 1, valid: false });
  });

  it('as its options say', async () => {
    const text = `${service.replace('rout:', 'route:')}---\nreplicas: 3\n`;
    const files = [{ path: 'a.yaml', text }];
    expect((await validate({ files })).valid).toBe(true);
    expect((await validate({ files }, { strictFiles: true })).findings).toMatchObject([
      { code: 'MESH1002', line: 10 },
    ]);
  });

  it('nothing at all', async () => {
    expect(await validate({ files: [] })).toEqual({ valid: true, findings: [], objects: 0, skipped: 0 });
  });
});

describe('the library analyzes', () => {
  const files = [
    { path: 'a.yaml', text: service.replace('rout:', 'route:') },
    {
      path: 'b.yaml',
      text: 'apiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: shop}\nspec: {ports: [{name: http, port: 80}]}\n',
    },
  ];

  it('how objects work together', async () => {
    const { findings, valid } = await analyze({ files });
    expect(valid).toBe(false);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'IST0101', file: 'a.yaml', object: 'VirtualService shop/fruits' }),
    );
  });

  it('the codes that are asked for', async () => {
    expect((await analyze({ files }, { skip: ['IST0101'] })).findings.map(({ code }) => code)).not.toContain(
      'IST0101',
    );
    const only = (await analyze({ files }, { only: ['IST0101'] })).findings.map(({ code }) => code);
    expect(new Set(only)).toEqual(new Set(['IST0101']));
  });

  it('what validation refuses, too', async () => {
    const { findings } = await analyze({ files: [{ path: 'a.yaml', text: service }] });
    expect(findings).toContainEqual(expect.objectContaining({ code: 'IST0106', field: 'spec.http[0].rout' }));
  });
});

describe('the library reads files', () => {
  it('below a folder, and refuses what is not there or is no text', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'mesh-library-'));
    writeFileSync(path.join(root, 'a.yaml'), service);
    writeFileSync(path.join(root, 'notes.txt'), 'no');
    expect(await readFiles([root])).toEqual([{ path: path.join(root, 'a.yaml'), text: service }]);
    await expect(readFiles([path.join(root, 'b.yaml')])).rejects.toBeInstanceOf(MeshError);
    writeFileSync(path.join(root, 'b.yaml'), Uint8Array.from([0xff]));
    await expect(readFiles([root])).rejects.toMatchObject({
      code: 'MESH1001',
      where: { line: 1, column: 1 },
    });
    rmSync(root, { recursive: true });
  });
});
