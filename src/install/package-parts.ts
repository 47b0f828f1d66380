/** What of the package goes into an installation. Whoever reads files gives it. */

import type { CustomResourceDefinition } from '../api/custom-resource.ts';
import type { KindInfo } from '../api/kind-info.ts';
import type { KindSchema } from '../api/schema.ts';

export interface PackageParts {
  /** Tag of the images, where nothing names one. */
  readonly version: string;
  /** The definitions of kinds; called only when they are wanted. */
  readonly crds: () => readonly CustomResourceDefinition[];
  /** The schema of a kind, whose names a mistyped setting is compared with. */
  readonly schema: (info: KindInfo) => Promise<KindSchema>;
}
