import { describe, expect, it } from 'vitest';
import { duplicateFindings } from '../../../src/config/checks/duplicates.ts';
import { parseText } from '../../../src/config/parse/parse.ts';

const object = (name: string, namespace = '', extra = ''): string =>
  `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: ${name}${namespace === '' ? '' : `, namespace: ${namespace}`}}\n${extra}`;

function duplicates(...files: string[]): string[] {
  const objects = files.flatMap((text, index) => parseText(text, `f${index}.yaml`).objects);
  return [...duplicateFindings(objects, 'home')].flatMap(([{ source }, findings]) =>
    findings.map(({ level, message }) => `${level} ${source.file}: ${message}`),
  );
}

describe('two objects of one name', () => {
  it('in one file are an error on the second', () => {
    expect(duplicates(`${object('a')}---\n${object('a')}`)).toEqual([
      'Error f0.yaml: Sidecar a is defined before, at f0.yaml:1',
    ]);
  });

  it('in two files are a warning, unless they are the same throughout', () => {
    expect(duplicates(`---\n${object('a')}`, object('a', '', 'spec: {}\n'))).toEqual([
      'Warning f1.yaml: Sidecar a is defined before, at f0.yaml:2',
    ]);
    expect(duplicates(object('a'), object('a'))).toEqual([]);
  });

  it('are told by namespace, where the default counts, and by kind, where the version does not', () => {
    expect(duplicates(`${object('a', 'x')}---\n${object('a', 'y')}`)).toEqual([]);
    expect(duplicates(`${object('a', 'home')}---\n${object('a')}`)).toHaveLength(1);
    expect(duplicates(`${object('a')}---\n${object('a').replace('/v1', '/v1beta1')}`)).toHaveLength(1);
    expect(duplicates(`${object('a')}---\n${object('a').replace('Sidecar', 'Gateway')}`)).toEqual([]);
  });

  it('that belong to no namespace are the same wherever they claim to be', () => {
    const mesh = (namespace: string): string =>
      `apiVersion: authentication.istio.io/v1alpha1\nkind: MeshPolicy\nmetadata: {name: default, namespace: ${namespace}}\n`;
    expect(duplicates(`${mesh('a')}---\n${mesh('b')}`)).toHaveLength(1);
  });

  it('without a name are not compared', () => {
    expect(duplicates(`${object('""')}---\n${object('""')}`)).toEqual([]);
  });
});
