/** Fields of the Envoy API that are newer than the copy of it inside `@grpc/grpc-js-xds`, and that we use. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Addition {
  /** As .proto files import it. */
  readonly file: string;
  readonly imports: readonly string[];
  /** What stands at the end of the file's last message. */
  readonly text: string;
}

const ADDITIONS: readonly Addition[] = [
  {
    // https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/upstreams/http/v3/http_protocol_options.proto
    file: 'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
    imports: ['envoy/config/common/matcher/v3/matcher.proto'],
    text: `
  message OutlierDetection {
    config.common.matcher.v3.MatchPredicate error_matcher = 1;
  }
  OutlierDetection outlier_detection = 8;`,
  },
];

/** Writes the fields into a copy of the API's folder. Throws when the API has such a field by now. */
export function addFields(apiFolder: string): void {
  for (const { file, imports, text } of ADDITIONS) {
    const path = join(apiFolder, file);
    const source = readFileSync(path, 'utf8');
    const number = / = (\d+);$/.exec(text)?.[1];
    if (source.includes(` = ${number};`))
      throw new Error(`${file} has a field ${number} now: take it out of here`);
    const end = source.lastIndexOf('}');
    const header = imports.map((name) => `import "${name}";\n`).join('');
    const start = source.indexOf('import "');
    writeFileSync(
      path,
      `${source.slice(0, start)}${header}${source.slice(start, end)}${text}\n${source.slice(end)}`,
    );
  }
}
