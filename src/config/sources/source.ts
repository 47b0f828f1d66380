/** Where configuration comes from: every kind of source tells of it in the same way. */

import type { Rejection } from '../admission.ts';
import type { MeshObject } from '../object.ts';

/** What became different. An object that was changed stands in `changed` as it is now. */
export interface ChangeSet {
  readonly changed: readonly MeshObject[];
  readonly removed: readonly MeshObject[];
}

export interface ConfigSource {
  /** As logs and debug pages name it. */
  readonly name: string;
  /** All objects in force, in a fixed order. */
  readonly objects: readonly MeshObject[];
  /** What is set aside, and why. */
  readonly rejections: readonly Rejection[];
  /** What keeps the source from telling all that it should, each as a sentence with its remedy. */
  readonly notes: readonly string[];
  /**
   * Reads everything, then tells of changes until it is stopped. Throws a `MeshError` when the source is not
   * there at all. `onChange` is called also when only the rejections or notes differ, with an
   * empty set; while the source is still being read it is called for notes alone.
   */
  start(onChange: (change: ChangeSet) => void): Promise<void>;
  stop(): void;
}
