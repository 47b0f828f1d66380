import { describe, expect, it } from 'vitest';
import { ANNOTATIONS, type AnnotationValue } from '../../../src/api/annotations.table.ts';
import { annotationValueProblem } from '../../../src/config/checks/annotation-value.ts';

const SOUND: readonly [AnnotationValue, ...string[]][] = [
  ['boolean', 'true', 'false', 'True', 'FALSE', 't', '0'],
  ['uint32', '0', '10', '4294967295'],
  ['port', '0', '15020', ' 80 ', '65535'],
  ['ports', '', ' ', '80', '80,443', '80, 443'],
  ['ports-or-all', '*', '', '80,443'],
  ['cidrs', '', '10.0.0.0/8', '10.0.0.0/8,fd00::/8'],
  ['cidrs-or-all', '*', '', '10.1.2.3/8'],
  ['interfaces', '', 'eth0', 'eth0, net1.5', 'a-b_c'],
  ['interception-mode', 'REDIRECT', 'TPROXY', 'NONE'],
  ['quantity', '100m', '128Mi', '2', '1.5', '1e3'],
  ['proxy-settings', '', '{}', 'concurrency: 2', '{"image": {"imageType": "distroless"}}'],
];

const WRONG: readonly [AnnotationValue, value: string, problem: RegExp][] = [
  ['boolean', 'yes', /"yes" is neither true nor false/],
  ['boolean', '', /neither/],
  ['uint32', '-1', /whole number/],
  ['uint32', '4294967296', /whole number/],
  ['uint32', '1.5', /whole number/],
  ['port', '65536', /no port number/],
  ['port', '', /no port number/],
  ['port', 'http', /no port number/],
  ['ports', '*', /no port number/],
  ['ports', '80,', /"" is no port number/],
  ['ports-or-all', '80,*', /"\*" is no port number/],
  ['cidrs', '*', /no CIDR range/],
  ['cidrs', '10.0.0.0', /no CIDR range/],
  ['cidrs', '10.0.0.0/8, 11.0.0.0/8', /" 11.0.0.0\/8" is no CIDR range/],
  ['cidrs-or-all', '*,10.0.0.0/8', /no CIDR range/],
  ['interfaces', 'eth0,', /no name of a network interface/],
  ['interfaces', '0eth', /no name of a network interface/],
  ['interfaces', 'abcdefghijklmnop', /longer than 15/],
  ['interception-mode', 'redirect', /none of REDIRECT, TPROXY, NONE/],
  ['quantity', 'much', /no quantity/],
  ['quantity', '1 Gi', /no quantity/],
  ['quantity', '', /no quantity/],
  ['proxy-settings', 'concurrency: many', /^concurrency: .*whole number/],
  ['proxy-settings', 'concurency: 2', /unknown field "concurency"/],
  ['proxy-settings', '- a', /must be a map/],
  ['proxy-settings', 'a: [', /^line \d+: /],
  ['proxy-settings', 'drainDuration: 1.5s', /^drainDuration: .*whole number of seconds/],
  ['proxy-settings', 'configPath: ""', /^configPath: must not be empty/],
];

describe('values of annotations', () => {
  it.each(SOUND)('of the form %s are accepted', (kind, ...values) => {
    for (const value of values) expect(annotationValueProblem(kind, value), value).toBeUndefined();
  });

  it.each(WRONG)('of the form %s are not %j', (kind, value, problem) => {
    expect(annotationValueProblem(kind, value)).toMatch(problem);
  });
});

describe('the table of annotations', () => {
  it('is sorted, so that it can be read', () => {
    const names = Object.keys(ANNOTATIONS);
    expect(names).toEqual(names.toSorted());
  });

  it('says of each what it does, in a few words', () => {
    for (const [name, { summary, kinds }] of Object.entries(ANNOTATIONS)) {
      expect(summary, name).toMatch(/^[A-Z].{10,80}[^.]$/);
      expect(kinds?.length, name).not.toBe(0);
    }
  });
});
