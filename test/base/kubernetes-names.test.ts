import { describe, expect, it } from 'vitest';
import {
  dnsLabelNameProblem,
  dnsSubdomainNameProblem,
  labelValueNameProblem,
  qualifiedNameProblem,
} from '../../src/base/kubernetes-names.ts';

describe('the name of a namespace', () => {
  it.each(['a', 'a-b', '0', 'a'.repeat(63)])('may be %s', (name) => {
    expect(dnsLabelNameProblem(name)).toBeUndefined();
  });
  it.each(['', 'A', 'a.b', '-a', 'a-', 'a_b', 'ü', 'a\n', 'a'.repeat(64)])('may not be %j', (name) => {
    expect(dnsLabelNameProblem(name)).toBeDefined();
  });
});

describe('the name of an object', () => {
  it.each(['a', 'a.b-c.0', `${'a'.repeat(100)}.${'b'.repeat(152)}`])('may be %s', (name) => {
    expect(dnsSubdomainNameProblem(name)).toBeUndefined();
  });
  it.each(['', '.', 'a.', '.a', 'a..b', 'A.b', 'a.-b', 'a b', 'a'.repeat(254)])('may not be %j', (name) => {
    expect(dnsSubdomainNameProblem(name)).toBeDefined();
  });
});

describe("a label's key", () => {
  it.each(['a', 'A_b.C-1', 'x.y/Z', `${'a'.repeat(63)}`, `a.b/${'c'.repeat(63)}`])('may be %s', (key) => {
    expect(qualifiedNameProblem(key)).toBeUndefined();
  });
  it.each(['', '/', '/a', 'a/', 'a/b/c', 'A/b', '_a', 'a_', 'a b', 'a'.repeat(64), `${'a'.repeat(254)}/b`])(
    'may not be %j',
    (key) => {
      expect(qualifiedNameProblem(key)).toBeDefined();
    },
  );
});

describe("a label's value", () => {
  it.each(['', 'a', 'A.b_C-1', '0', 'a'.repeat(63)])('may be %j', (value) => {
    expect(labelValueNameProblem(value)).toBeUndefined();
  });
  it.each([' ', '-', 'a-', 'a/b', 'a b', 'ü', 'a'.repeat(64)])('may not be %j', (value) => {
    expect(labelValueNameProblem(value)).toBeDefined();
  });
});
