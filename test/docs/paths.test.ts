/** The documentation names only what is there, and each page of it is found from the README. */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const PAGES = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md')];

const textOf = (page: string): string => readFileSync(page, 'utf8');

/** Paths of sources in backticks. Those with a placeholder or a pattern are left out, and so is what a build makes. */
function namedPaths(text: string): string[] {
  return [...text.matchAll(/`((?:src|test|docs|schemas|fixtures|scripts|bin|deploy)\/[^`\s]*)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !/[{*<…]|\/generated\//.test(path));
}

interface Link {
  /** From the root of the repository. */
  readonly path: string;
  readonly heading: string | undefined;
}

/** Links within the repository. */
function linksOf(page: string): Link[] {
  return [...textOf(page).matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)]
    .filter(([, target = '']) => !/^[a-z]+:/.test(target))
    .map(([, target = '', heading]) => ({
      path: target === '' ? page : join(dirname(page), target),
      heading,
    }));
}

/** What links to the headings of a page end in. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('every path and heading that the documentation names exists', () => {
  test.for(PAGES)('%s', (page) => {
    const links = linksOf(page);
    const paths = [...namedPaths(textOf(page)), ...links.map(({ path }) => path)];
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    const headless = links.filter(
      ({ path, heading }) => heading !== undefined && !anchorsOf(path).includes(heading),
    );
    expect(headless).toEqual([]);
  });
});

test('a page, or the folder that it is in, is linked from another one', () => {
  const targets = new Set(PAGES.flatMap((page) => linksOf(page).map(({ path }) => path.replace(/\/$/, ''))));
  const isLinked = (page: string): boolean => targets.has(page) || targets.has(dirname(page));
  expect(PAGES.filter((page) => page !== 'README.md' && !isLinked(page))).toEqual([]);
});
