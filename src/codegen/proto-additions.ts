/** Fields of the Envoy API that are newer than the copy of it inside `@grpc/grpc-js-xds`, and that we use. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Addition {
  /** As .proto files import it. */
  readonly file: string;
  readonly imports: readonly string[];
  /** The message that has the field. */
  readonly message: string;
  /** What stands at that message's start; the field comes last. */
  readonly text: string;
}

const ADDITIONS: readonly Addition[] = [
  {
    // https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/upstreams/http/v3/http_protocol_options.proto
    file: 'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
    imports: ['envoy/config/common/matcher/v3/matcher.proto'],
    message: 'HttpProtocolOptions',
    text: `
  message OutlierDetection {
    config.common.matcher.v3.MatchPredicate error_matcher = 1;
  }
  OutlierDetection outlier_detection = 8;`,
  },
  {
    // https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto
    file: 'envoy/config/cluster/v3/circuit_breaker.proto',
    imports: ['google/protobuf/duration.proto'],
    message: 'RetryBudget',
    text: `
      google.protobuf.Duration budget_interval = 3;`,
  },
];

/** Writes the fields into a copy of the API's folder. Throws when the API has such a field by now. */
export function addFields(apiFolder: string): void {
  for (const { file, imports, message, text } of ADDITIONS) {
    const path = join(apiFolder, file);
    const source = readFileSync(path, 'utf8');
    const field = / (\w+) = \d+;$/.exec(text)?.[1];
    if (source.includes(` ${field} = `))
      throw new Error(`${file} has the field ${field} now: take it out of here`);
    const opening = `message ${message} {`;
    const begin = source.indexOf(opening);
    if (begin === -1) throw new Error(`${file} has no message ${message}`);
    const header = imports.map((name) => `import "${name}";\n`).join('');
    const start = source.indexOf('import "');
    const inside = begin + opening.length;
    writeFileSync(
      path,
      `${source.slice(0, start)}${header}${source.slice(start, inside)}${text}\n${source.slice(inside)}`,
    );
  }
}
