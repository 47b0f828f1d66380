/**
 * Regular expressions in RE2 syntax: whether they are sound, and whether they fit, which takes linear time.
 *
 * The library takes some 10 ms to load and warm up, so that most runs are better off without it: simple
 * patterns are known to be sound by sight, and only another one loads it. `require`, because rules are
 * synchronous and a dynamic import is not.
 */

import { createRequire } from 'node:module';

import type * as Re2Js from 're2js';

/**
 * Patterns that are sound by sight: plain characters, escapes, classes without odd ranges, groups that are
 * not nested, and at most one repetition behind each. Everything here is sound in RE2; not all that is sound
 * is here. Each alternative starts with a character of its own, so matching is linear.
 */
const ATOM = String.raw`[A-Za-z0-9 _/:;,=@#%&~"'<>!-]|\\[.\/\-+*?$^|()[\]{}\\dDwWsS]|\.|\[\^?(?:a-z|A-Z|0-9|[A-Za-z0-9_./])+-?\]`;
const REPEAT = String.raw`(?:[*+?]\??)?`;
const GROUP = String.raw`\((?:\?:)?(?:(?:${ATOM})${REPEAT}|\|)*\)`;
const PLAIN = new RegExp(String.raw`^\^?(?:(?:${ATOM}|${GROUP})${REPEAT})*\$?$`);
const MAX_PLAIN = 1024;

let library: typeof Re2Js | undefined;

/** What was found of patterns before, as the same ones stand in many objects; empty for sound ones. */
const checked = new Map<string, string>();
const MAX_CHECKED = 1_000;

/** Whether the pattern is so simple that it needs no parser to be known as sound. */
export function isPlainRe2(pattern: string): boolean {
  return pattern.length <= MAX_PLAIN && PLAIN.test(pattern);
}

/**
 * What is wrong with a pattern in RE2 syntax, in the words of the parser; undefined when it is sound.
 * https://github.com/google/re2/wiki/Syntax
 */
export function re2Problem(pattern: string): string | undefined {
  if (isPlainRe2(pattern)) return undefined;
  const known = checked.get(pattern);
  if (known !== undefined) return known === '' ? undefined : known;
  const problem = parseProblem(pattern);
  if (checked.size >= MAX_CHECKED) checked.clear();
  checked.set(pattern, problem ?? '');
  return problem;
}

/** Patterns that were run before: few, as only schemas and rules have them run. */
const compiled = new Map<string, Re2Js.RE2JS>();

/** Whether the pattern, which must be sound, is found anywhere in the text. Linear in the text. */
export function matchesRe2(pattern: string, text: string): boolean {
  let matcher = compiled.get(pattern);
  if (matcher === undefined) {
    matcher = loadLibrary().RE2JS.compile(pattern);
    if (compiled.size >= MAX_CHECKED) compiled.clear();
    compiled.set(pattern, matcher);
  }
  return matcher.matcher(text).find();
}

function loadLibrary(): typeof Re2Js {
  library ??= createRequire(import.meta.url)('re2js') as typeof Re2Js;
  return library;
}

function parseProblem(pattern: string): string | undefined {
  const library = loadLibrary();
  try {
    library.RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    // The parser is recursive: only a pattern beyond any bound of ours gets it there.
    if (error instanceof RangeError) return 'expression nests too deeply';
    if (!(error instanceof library.RE2JSException)) throw error;
    return error.message.replace(/^error parsing regexp: /, '').slice(0, 200);
  }
}

export interface Re2Match {
  /** The match, then its groups; undefined for groups without a part in it. */
  readonly groups: readonly ({ readonly start: number; readonly text: string } | undefined)[];
}

/** A sound pattern, ready to be run many times; each run takes time linear in the text. */
export interface CompiledRe2 {
  /** Whether the whole text fits. */
  fits(text: string): boolean;
  /** The first match anywhere in the text; undefined when there is none. */
  find(text: string): Re2Match | undefined;
  /** The text with every match replaced; `\0` to `\9` in the substitution stand for groups. */
  replaceAll(text: string, substitution: string): string;
}

/** Compiles a pattern. Throws a `SyntaxError` in the words of the parser when it is not sound. */
export function compileRe2(pattern: string): CompiledRe2 {
  const problem = re2Problem(pattern);
  if (problem !== undefined) throw new SyntaxError(problem);
  const compiled = loadLibrary().RE2JS.compile(pattern);
  return {
    fits: (text) => compiled.matches(text),
    find(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => {
        const group = matcher.group(index);
        return group === null ? undefined : { start: matcher.start(index), text: group };
      });
      return { groups };
    },
    replaceAll(text, substitution) {
      const matcher = compiled.matcher(text);
      let replaced = '';
      let from = 0;
      while (matcher.find()) {
        replaced += text.slice(from, matcher.start());
        replaced += substitution.replaceAll(/\\([\d\\])/g, (_, code: string) =>
          code === '\\'
            ? '\\'
            : Number(code) > matcher.groupCount()
              ? ''
              : (matcher.group(Number(code)) ?? ''),
        );
        from = matcher.end();
      }
      return replaced + text.slice(from);
    },
  };
}
