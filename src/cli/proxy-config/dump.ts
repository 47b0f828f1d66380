/** The configuration that a proxy's admin interface shows: its sections, each read only when asked for. */

import {
  elementsOf,
  findMember,
  isObjectAt,
  type JsonSpan,
  JsonScanError,
  parseSpan,
  type ScannedEnds,
  skipSpace,
  skipValue,
} from '../../base/json-scan.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { camelCase, isObject } from './fields.ts';

/** Sections by the last part of their types, which all versions of the API share. */
export type SectionName =
  | 'BootstrapConfigDump'
  | 'ClustersConfigDump'
  | 'EcdsConfigDump'
  | 'EndpointsConfigDump'
  | 'ListenersConfigDump'
  | 'RoutesConfigDump'
  | 'SecretsConfigDump';

/** Brackets around an entry in a section: those of the section and of the list. */
const ENTRY_DEPTH = 2;

interface Section extends JsonSpan {
  readonly type: string;
}

export class ConfigDump {
  readonly #bytes: Buffer;
  readonly #sections: readonly Section[];
  /** Of the entries of lists in sections, found on the way to the ends of these. */
  readonly #scanned: ScannedEnds;
  readonly #origin: string;

  private constructor(bytes: Buffer, sections: readonly Section[], scanned: ScannedEnds, origin: string) {
    this.#bytes = bytes;
    this.#sections = sections;
    this.#scanned = scanned;
    this.#origin = origin;
  }

  /** Finds the sections. Throws a `MeshError` (`BadDump`) for what is no dump; `origin` is a file or a pod. */
  static read(bytes: Buffer, origin: string): ConfigDump {
    return reading(origin, () => {
      const start = skipSpace(bytes, lengthOfMark(bytes));
      if (!isObjectAt(bytes, start)) throw noDump(origin, 'it holds no JSON object');
      const configs = findMember(bytes, start, ['configs']);
      if (configs === undefined) throw noDump(origin, 'it has no "configs"');
      const scanned: ScannedEnds = { depth: ENTRY_DEPTH, ends: new Map() };
      const sections = [...elementsOf(bytes, configs, scanned)].map(({ start: from, end }) => ({
        type: typeAt(bytes, from),
        start: from,
        end,
      }));
      // What follows the sections must be there, too: a file that was cut off is no dump.
      const last = sections.at(-1);
      if (last !== undefined && !isClosed(bytes, last.end)) {
        throw noDump(origin, 'the text ends before the JSON object does');
      }
      return new ConfigDump(bytes, sections, scanned, origin);
    });
  }

  has(name: SectionName): boolean {
    return this.#all(name).length > 0;
  }

  /** The names of the sections that there are. */
  get types(): readonly string[] {
    return this.#sections.map(({ type }) => type);
  }

  /** The whole section, the last of several. Throws a `MeshError` when there is none. */
  section(name: SectionName): unknown {
    return reading(this.#origin, () => parseSpan(this.#bytes, this.#last(name)));
  }

  /**
   * The entries of a list in a section, one by one, so that a large list is never in memory as a whole. Throws a
   * `MeshError` when there is no such section.
   */
  entries(name: SectionName, listName: string): Iterable<unknown> {
    return this.#entriesOf(this.#last(name), listName);
  }

  /** The same from all sections of that name, of which newer proxies have several. */
  *entriesOfAll(name: SectionName, listName: string): Generator<unknown, void, void> {
    this.#last(name);
    for (const section of this.#all(name)) yield* this.#entriesOf(section, listName);
  }

  *#entriesOf(section: Section, listName: string): Generator<unknown, void, void> {
    const names = [listName, camelCase(listName)];
    const found = reading(this.#origin, () => findMember(this.#bytes, section.start, names));
    if (found === undefined) return;
    const spans = elementsOf(this.#bytes, found, this.#scanned);
    const next = () => spans.next();
    for (
      let span = reading(this.#origin, next);
      span.value !== undefined;
      span = reading(this.#origin, next)
    ) {
      const { value } = span;
      yield reading(this.#origin, () => parseSpan(this.#bytes, value));
    }
  }

  #all(name: SectionName): readonly Section[] {
    return this.#sections.filter(({ type }) => type.endsWith(`.${name}`));
  }

  #last(name: SectionName): Section {
    const found = this.#all(name).at(-1);
    if (found !== undefined) return found;
    throw new MeshError('NoSuchSection', `config dump has no configuration type envoy.admin.v3.${name}`, {
      where: { file: this.#origin },
      hint:
        this.#sections.length === 0
          ? 'The dump is empty: the proxy may not have started yet.'
          : `It has ${this.types.map((type) => type.slice(type.lastIndexOf('.') + 1)).join(', ')}.`,
    });
  }
}

/** The type of a section, which dumps name first. */
function typeAt(bytes: Buffer, start: number): string {
  const at = isObjectAt(bytes, start) ? findMember(bytes, start, ['@type']) : undefined;
  if (at === undefined) return '';
  const type = parseSpan(bytes, { start: at, end: skipValue(bytes, at) });
  return typeof type === 'string' ? type : '';
}

/** Whether the list of sections is closed at the offset, and the object around it at the end. */
function isClosed(bytes: Buffer, offset: number): boolean {
  const last = bytes.subarray(-LOOK_BACK).toString('latin1').trimEnd();
  return bytes[skipSpace(bytes, offset)] === CLOSE_BRACKET && last.endsWith('}');
}

const CLOSE_BRACKET = 0x5d;

/** Bytes at the end of a file among which its last bracket stands. */
const LOOK_BACK = 1024;

/** One JSON object in bytes that came from `origin`. Throws a `MeshError` for everything else. */
export function parseObject(bytes: Buffer, origin: string): Readonly<Record<string, unknown>> {
  return reading(origin, () => {
    const value = parseSpan(bytes, { start: lengthOfMark(bytes), end: bytes.length });
    if (isObject(value)) return value;
    throw noDump(origin, 'it holds no JSON object');
  });
}

/** Some editors begin a text with a mark of its encoding. */
function lengthOfMark(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function reading<Result>(origin: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error;
    throw noDump(origin, `${error.message} (byte ${error.offset})`, error);
  }
}

function noDump(origin: string, reason: string, cause?: unknown): MeshError {
  return new MeshError('BadDump', `this is no dump of a proxy: ${reason}`, {
    where: { file: origin },
    hint: 'A dump is what "curl localhost:15000/config_dump?include_eds" prints beside the proxy.',
    cause,
  });
}
