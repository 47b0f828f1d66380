/** How much one input may ask of the loader. Each bound is named in the error that it causes. */

/** Bytes of one file or of standard input. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;

export { MAX_DEPTH } from '../../base/yaml-events.ts';

/** Documents of one file. */
export const MAX_DOCUMENTS = 100_000;

/** Nodes that the aliases of one document may stand for: a bomb passes it at once, real sharing never does. */
export const MAX_ALIAS_NODES = 100_000;

/** Problems that are listed for one file; the rest is counted. */
export const MAX_PROBLEMS = 1_000;
