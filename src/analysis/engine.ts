/** Runs analyzers over a snapshot and collects what they say. */

import type { KindKey } from '../api/kind-info.ts';
import type { MeshObject } from '../config/object.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Analyzer } from './analyzer.ts';
import { MESSAGES } from './catalogue.ts';
import { type Message, formatTemplate } from './message.ts';

export interface EngineOptions {
  readonly analyzers: readonly Analyzer[];
  /** Kinds that the user's input holds; what the tool adds by itself does not count. */
  readonly present: ReadonlySet<KindKey>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** An analyzer that had something to check and did not run, and the kinds of which it needed at least one object. */
export interface SkippedAnalyzer {
  readonly name: string;
  readonly missing: readonly KindKey[];
  /** Codes that it could have given. */
  readonly codes: readonly string[];
}

export interface EngineResult {
  readonly messages: readonly Message[];
  readonly skipped: readonly SkippedAnalyzer[];
}

/** Runs each analyzer that has what it needs. One that throws gives IST0001 and does not stop the others. */
export function runAnalyzers(snapshot: Snapshot, options: EngineOptions): EngineResult {
  const messages: Message[] = [];
  const skipped: SkippedAnalyzer[] = [];
  for (const analyzer of options.analyzers) {
    const missing = (analyzer.needs ?? []).find((group) => !group.some((kind) => options.present.has(kind)));
    const own = runOne(analyzer, snapshot, options.now);
    if (missing === undefined) messages.push(...own);
    // Where it would have had nothing to say anyway, nobody misses it.
    else if (own.length > 0 || analyzer.about?.some((kind) => options.present.has(kind)) === true)
      skipped.push({ name: analyzer.name, missing, codes: analyzer.messages.map(({ code }) => code) });
  }
  return { messages, skipped };
}

function runOne(analyzer: Analyzer, snapshot: Snapshot, now: number): Message[] {
  const messages: Message[] = [];
  const allowed = new Set<KindKey>(analyzer.reads);
  const check = (kinds: readonly KindKey[]): void => {
    const undeclared = kinds.find((kind) => !allowed.has(kind));
    if (undeclared !== undefined)
      throw new Error(`${analyzer.name} reads ${undeclared}, which it does not declare`);
  };
  const view = snapshot.recording({ kinds: check, fact: ({ kinds }) => check(kinds) });
  try {
    analyzer.analyze({
      snapshot: view,
      now,
      report(type, object, path, values, hint) {
        const text = formatTemplate(type.template, values);
        messages.push({ type, text, object, path, ...(hint === undefined ? {} : { hint }) });
      },
    });
  } catch (cause) {
    const detail = `${analyzer.name}: ${cause instanceof Error ? cause.message : String(cause)}`;
    messages.push({
      type: MESSAGES.InternalError,
      text: formatTemplate(MESSAGES.InternalError.template, { detail }),
      object: undefined,
      path: [],
    });
  }
  return messages;
}

const LEVEL_ORDER = { Error: 0, Warning: 1, Info: 2 } as const;

/** Sorted by level (Error first), code, object and text; equal messages at one field count once. */
export function sortMessages(
  messages: readonly Message[],
  nameOf: (object: MeshObject) => string,
): Message[] {
  const keyed = messages.map((message) => ({
    message,
    key: [
      LEVEL_ORDER[message.type.level],
      message.type.code,
      message.object === undefined ? '' : nameOf(message.object),
      message.text,
      message.path.join('\u0000'),
      message.object?.source.file ?? '',
      String(message.object?.source.line ?? 0).padStart(9, '0'),
    ].join('\u0001'),
  }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed
    .filter((entry, index) => index === 0 || keyed[index - 1]?.key !== entry.key)
    .map((entry) => entry.message);
}
