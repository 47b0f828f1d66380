/** The documentation names only what is there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const PAGES = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Paths of sources in backticks. Those with a placeholder or a pattern are left out, and so is what a build makes. */
function namedPaths(text: string): string[] {
  return [...text.matchAll(/`((?:src|test|docs|schemas|fixtures|scripts|bin)\/[^`\s]*)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !/[{*<…]|\/generated\//.test(path));
}

/** Targets of links within the repository, from its root. */
function linkTargets(page: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => join(dirname(page), target));
}

describe('every path that the documentation names exists', () => {
  test.for(PAGES)('%s', (page) => {
    const text = readFileSync(page, 'utf8');
    const paths = [...namedPaths(text), ...linkTargets(page, text)];
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});
