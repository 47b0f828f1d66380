/** What the registry knows of a kind. The table itself is generated from `schemas/` (see `kinds.ts`). */

export interface KindVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  /** Why the version is deprecated and what to use instead, as one sentence. */
  readonly deprecated?: string;
}

export type KindScope = 'Namespaced' | 'Cluster' | 'File';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date' | 'number';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

export interface KindInfo {
  /** `networking.istio.io/VirtualService`; a core Kubernetes kind is `core/Service`. Unique. */
  readonly key: KindKey;
  /** API group; the empty string for the core group and for files such as MeshConfig. */
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly scope: KindScope;
  readonly versions: readonly KindVersion[];
  /** The kind is gone from today's Istio: what took its place, as one sentence. */
  readonly legacy?: string;
  /** Not ours to define (Kubernetes' own kinds): only the fields that the mesh reads are described. */
  readonly external: boolean;
  readonly summary: string;
}

/** `group/Kind`. */
export type KindKey = string;
