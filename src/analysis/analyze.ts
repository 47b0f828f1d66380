/** A whole analysis: checked objects in, sorted and suppressed messages out. */

import type { KindKey } from '../api/kind-info.ts';
import { CHECK_CODES, type CheckName, type Finding, type Level } from '../config/finding.ts';
import { type MeshObject, objectName } from '../config/object.ts';
import type { MeshNetworks, MeshSettings } from '../model/mesh-settings.ts';
import { Snapshot } from '../model/snapshot.ts';
import type { Analyzer } from './analyzer.ts';
import { BUILTIN_FILE, builtinGateway } from './builtin-gateway.ts';
import { MESSAGES } from './catalogue.ts';
import { type SkippedAnalyzer, runAnalyzers, sortMessages } from './engine.ts';
import { meshFromObjects } from './mesh-input.ts';
import type { Message, MessageType } from './message.ts';
import { type Suppression, suppress } from './suppress.ts';

/** An object after validation. */
export interface CheckedObject {
  readonly object: MeshObject;
  readonly findings: readonly Finding[];
  /** Its values have the types of the schema, so that it may enter a snapshot. */
  readonly wellTyped: boolean;
}

export interface AnalysisOptions {
  readonly analyzers: readonly Analyzer[];
  readonly mesh: MeshSettings;
  /** MeshNetworks of a file; those of the ConfigMap `istio` when absent. */
  readonly networks?: MeshObject<MeshNetworks>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Kinds of which the input has all objects that there are, be it none: nothing about them would be a guess. */
  readonly complete?: ReadonlySet<KindKey>;
  /** The namespace of objects that name none; `default`. */
  readonly defaultNamespace?: string;
  readonly suppressions?: readonly Suppression[];
  /** Messages about objects of these namespaces only; objects of cluster scope always count. */
  readonly namespaces?: readonly string[];
  /** Messages about objects of these namespaces are left out. */
  readonly excludedNamespaces?: readonly string[];
  /** Codes to report; undefined is all. */
  readonly only?: ReadonlySet<string>;
  /** Codes to leave out. */
  readonly skip?: ReadonlySet<string>;
  /** Analyzers that run only on request run too: somebody named them. */
  readonly withOnRequest?: boolean;
  /** The findings of validation are messages too; true unless only chosen analyzers run. */
  readonly withValidation?: boolean;
}

export interface Analysis {
  readonly messages: readonly Message[];
  readonly suppressed: readonly Message[];
  readonly unusedSuppressions: readonly Suppression[];
  readonly skipped: readonly SkippedAnalyzer[];
  /** Namespaces that objects of the input are in, sorted. */
  readonly namespaces: readonly string[];
}

/** Analyses objects that validation has seen. Pure. */
export function analyzeObjects(checked: readonly CheckedObject[], options: AnalysisOptions): Analysis {
  const { mesh, defaultNamespace = 'default' } = options;
  const sound = checked.filter(({ wellTyped }) => wellTyped).map(({ object }) => object);
  const networks =
    options.networks ?? meshFromObjects(sound, mesh.istioNamespace, defaultNamespace).networksObject;
  const snapshot = Snapshot.build(
    [...sound, ...builtinGateway(mesh.istioNamespace), ...(networks === undefined ? [] : [networks])],
    { mesh, defaultNamespace },
  );
  const present = new Set<KindKey>([...(options.complete ?? []), ...checked.map(({ object }) => object.key)]);
  const analyzers = options.analyzers.filter((analyzer) => isRequested(analyzer, options));
  const result = runAnalyzers(snapshot, { analyzers, present, now: options.now });
  const validation = options.withValidation === false ? [] : checked.flatMap(validationMessages);
  const wanted = [...validation, ...result.messages].filter((message) =>
    isWanted(message, snapshot, options),
  );
  const { kept, suppressed, unused } = suppress(wanted, options.suppressions ?? [], (object) =>
    snapshot.namespaceOf(object),
  );
  const namespaces = new Set(
    sound.map((object) => snapshot.namespaceOf(object)).filter((name) => name !== ''),
  );
  return {
    messages: sortMessages(kept, objectName),
    suppressed: sortMessages(suppressed, objectName),
    unusedSuppressions: unused,
    skipped: result.skipped.filter(({ codes }) => codes.some((code) => isReported(code, options))),
    namespaces: [...namespaces].sort(),
  };
}

function isRequested({ onRequest, messages }: Analyzer, { withOnRequest, only }: AnalysisOptions): boolean {
  return (
    onRequest !== true || withOnRequest === true || messages.some(({ code }) => only?.has(code) === true)
  );
}

function isReported(code: string, { only, skip }: AnalysisOptions): boolean {
  return only?.has(code) !== false && skip?.has(code) !== true;
}

function isWanted(message: Message, snapshot: Snapshot, options: AnalysisOptions): boolean {
  if (!isReported(message.type.code, options)) return false;
  if (message.object === undefined) return true;
  if (message.object.source.file === BUILTIN_FILE) return false;
  const namespace = snapshot.namespaceOf(message.object);
  if (namespace === '') return true;
  if (options.excludedNamespaces?.includes(namespace) === true) return false;
  return options.namespaces === undefined || options.namespaces.includes(namespace);
}

/** Findings that have a message of their own; all others are IST0106 (errors) and IST0133 (warnings). */
const OWN_MESSAGE: Partial<Record<CheckName, MessageType>> = {
  UnreachableRule: MESSAGES.VirtualServiceUnreachableRule,
  IneffectiveMatch: MESSAGES.VirtualServiceIneffectiveMatch,
};

/** Port names and labels of plain Kubernetes kinds are the business of analyzers (IST0118 and the like). */
const LEFT_TO_ANALYZERS: ReadonlySet<CheckName> = new Set(['PortName', 'MissingLabel']);

const MESSAGE_OF_LEVEL: Readonly<Record<Level, MessageType>> = {
  Error: MESSAGES.SchemaValidationError,
  Warning: MESSAGES.SchemaWarning,
  Info: MESSAGES.SchemaWarning,
};

/** Alternatives of an object in several files are common, so their warning has a code to accept it by. */
const DUPLICATE_OBJECT: MessageType = {
  code: CHECK_CODES.Duplicate,
  name: 'Duplicate',
  level: 'Warning',
  template: '{detail}',
};

function messageType({ check, level, path }: Finding): MessageType {
  if (check === 'Duplicate' && level === 'Warning' && path[0] === 'metadata') return DUPLICATE_OBJECT;
  return OWN_MESSAGE[check] ?? MESSAGE_OF_LEVEL[level];
}

function validationMessages({ object, findings }: CheckedObject): Message[] {
  return findings
    .filter(({ check }) => !LEFT_TO_ANALYZERS.has(check))
    .map((finding) => ({
      type: messageType(finding),
      text: finding.message,
      object,
      path: finding.path,
      ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    }));
}
