/** `/help` and the home page. */

import type { AdminPage } from '../page.ts';

/** All pages with their parameters, in the order of their paths. */
export function helpText(pages: readonly AdminPage[]): string {
  const lines = pages
    .toSorted((left, right) => (left.path < right.path ? -1 : 1))
    .flatMap(({ path, description, mutates, parameters = [] }) => [
      `  ${path}${mutates === true ? ' (POST)' : ''}: ${description}\n`,
      ...parameters.map((one) => `      ${one.name}: ${one.description}\n`),
    ]);
  return `admin commands are:\n${lines.join('')}`;
}

export function homePage(pages: readonly AdminPage[]): string {
  const rows = pages
    .toSorted((left, right) => (left.path < right.path ? -1 : 1))
    .map(({ path, description, mutates }) => {
      const name = mutates === true ? `${path} (POST)` : `<a href="${path}">${path}</a>`;
      return `<tr><td>${name}</td><td>${description}</td></tr>\n`;
    });
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>mesh-proxy</title></head>
<body><h1>mesh-proxy</h1>
<table>
${rows.join('')}</table>
</body>
</html>
`;
}
