import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyzeObjects } from '../../src/analysis/analyze.ts';
import { ANALYZERS } from '../../src/analysis/generated/analyzers.ts';
import { meshFromObjects } from '../../src/analysis/mesh-input.ts';
import { allRules, type RuleText } from '../../src/analysis/reporters/rule-text.ts';
import { CHECK_CODES } from '../../src/config/finding.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { validate } from '../../src/config/validate.ts';
import { meshSettings } from '../../src/model/mesh-settings.ts';
import { NOW } from './run-analyzer.ts';

const FOLDER = 'docs/messages';

/** Why a page has no example. */
const WITHOUT_EXAMPLE =
  /Given only when a cluster is looked at\.|No longer given\.|Given for files as a whole|Given only when the program is at fault\./;

interface Page {
  readonly title: string;
  /** The first word below the title. */
  readonly level: string;
  /** The sentence behind the level, in one line. */
  readonly summary: string;
  readonly example: string | undefined;
  readonly cure: string | undefined;
  readonly text: string;
}

function readPage(code: string): Page | undefined {
  const file = `${FOLDER}/${code}.md`;
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const [, title = '', intro = ''] = /^# (.*)\n\n([\s\S]*?)\n\n/.exec(text) ?? [];
  const [, level = '', summary = ''] =
    /^(\w+)\. (.*?[.])(?: [A-Z`].*)?$/.exec(intro.replaceAll('\n', ' ')) ?? [];
  return { title, level, summary, example: yamlOf(text, 'Example'), cure: yamlOf(text, 'Cure'), text };
}

/** The YAML blocks of a section as one text. */
function yamlOf(page: string, section: string): string | undefined {
  const body = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const blocks = [...body.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml = '']) => yaml);
  return blocks.length === 0 ? undefined : blocks.join('---\n');
}

/** Every code that loading, validation and analysis give for a text. */
async function codesOf(yaml: string): Promise<ReadonlySet<string>> {
  const { objects, problems } = parseText(yaml, 'page.yaml');
  const found = await validate(objects);
  const findings = new Map(found.map((entry) => [entry.object, entry.findings]));
  const { config, networks } = meshFromObjects(objects, 'istio-system');
  const { messages } = analyzeObjects(
    objects.map((object) => {
      const own = findings.get(object) ?? [];
      return { object, findings: own, wellTyped: !own.some(({ check }) => check === 'WrongType') };
    }),
    {
      analyzers: ANALYZERS,
      withOnRequest: true,
      mesh: meshSettings(config, networks === undefined ? {} : { networks }),
      now: NOW,
    },
  );
  return new Set([
    ...problems.map(({ check }) => CHECK_CODES[check]),
    ...[...findings.values()].flat().map(({ check }) => CHECK_CODES[check]),
    ...messages.map(({ type }) => type.code),
  ]);
}

const rules: readonly RuleText[] = [...allRules().values()];

describe.each(rules.map((rule) => [rule.code, rule] as const))('the page of %s', (code, { name, level }) => {
  const page = readPage(code);

  it('has its title and level, and says what leads to it and how to mend it', () => {
    expect(page?.title).toBe(`${code} ${name}`);
    expect(page?.level).toBe(level);
    expect(page?.summary).toMatch(/^\S.{10,}\.$/);
    expect(page?.text).toMatch(/^## Cause$/m);
    expect(page?.text).toMatch(/^## Cure$/m);
  });

  it('has an example that gives it, or says why there is none', async () => {
    if (page?.example === undefined) expect(page?.text.replaceAll('\n', ' ')).toMatch(WITHOUT_EXAMPLE);
    else expect([...(await codesOf(page.example))]).toContain(code);
  });

  it('shows a cure without it, where it has an example', async () => {
    if (page?.example === undefined) return;
    expect(page.cure).toBeDefined();
    expect([...(await codesOf(page.cure ?? ''))]).not.toContain(code);
  });
});

describe('the index of pages', () => {
  const index = readFileSync(`${FOLDER}/README.md`, 'utf8');
  const pages = readdirSync(FOLDER).filter((file) => file !== 'README.md');

  it('has a page for each code, and no other pages', () => {
    expect(pages.sort()).toEqual(rules.map(({ code }) => `${code}.md`).sort());
  });

  it.each(pages.map((file) => file.replace('.md', '')))('lists %s as its page says', (code) => {
    const page = readPage(code);
    const name = page?.title.slice(code.length + 1);
    expect(index).toContain(`| [${code}](${code}.md) | ${name} | ${page?.level} | ${page?.summary} |`);
  });
});
