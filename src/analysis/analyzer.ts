/** The shape of an analyzer: what it is, what it reads, what it may say, and what it does. */

import type { FieldPath } from '../base/field-path.ts';
import type { KindKey } from '../api/kind-info.ts';
import type { MeshObject } from '../config/object.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { MessageType, TemplateValues } from './message.ts';

export interface Analyzer {
  /** `virtualservice.GatewayAnalyzer`: Istio's name where Istio has the analyzer; used by `--analyzer`. */
  readonly name: string;
  /** One sentence for `--list-analyzers`. */
  readonly summary: string;
  /** Kinds that it may read. Reading another one is a programming error, and so is not reading one of these. */
  readonly reads: readonly KindKey[];
  /**
   * Groups of kinds without which its answer would be a guess: of each group at least one object must be in
   * the input, else the analyzer is reported as not run. Empty for most.
   */
  readonly needs?: readonly (readonly KindKey[])[];
  /**
   * Kinds whose objects it judges. Only for one that holds back by itself what would be a guess: with such an
   * object in the input it is told of as not run, even though it would have said nothing.
   */
  readonly about?: readonly KindKey[];
  /**
   * Runs only when it is asked for, by its name or by a code of its messages: for checks that find something
   * in most meshes.
   */
  readonly onRequest?: true;
  readonly messages: readonly MessageType[];
  analyze(context: AnalysisContext): void;
}

/** What an analyzer works with. Reads are recorded. */
export interface AnalysisContext {
  /** The mesh as one immutable whole: hosts, services, workloads, gateways, mesh settings. */
  readonly snapshot: Snapshot;
  /** The current time in milliseconds since 1970, for checks of expiry. */
  readonly now: number;
  /** Reports a message about an object; `path` is the field that is wrong, relative to the object. */
  report<Template extends string>(
    type: MessageType<Template>,
    object: MeshObject,
    path: FieldPath,
    values: TemplateValues<Template>,
    hint?: string,
  ): void;
}
