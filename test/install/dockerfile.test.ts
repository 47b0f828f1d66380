import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ISTIOD_PORTS } from '../../src/install/istiod.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
const stages = text
  .split(/^FROM /m)
  .slice(1)
  .map((stage) => ({ name: /^\S+ AS (\S+)/.exec(stage)?.[1] ?? '', text: stage }));

/** Sources of the COPY lines of a stage, from the root of the repository. */
function copied(stage: string): readonly string[] {
  return [...stage.matchAll(/^COPY (?:--from=build )?(.+) \S+$/gm)].flatMap(([, sources = '']) =>
    sources.split(' ').map((source) => source.replace(/^\/src\//, '')),
  );
}

/** What the build makes or installs. */
const MADE = ['dist', 'node_modules'];

describe('the Dockerfile', () => {
  test('builds the controller and the proxy, from one build', () => {
    expect(stages.map(({ name }) => name)).toEqual(['build', 'controller', 'proxy']);
  });

  test.each(stages)('copies only what the repository has, in the stage $name', ({ text: stage }) => {
    const sources = copied(stage);
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources.filter((one) => !MADE.includes(one)))
      expect(existsSync(join(root, source)), source).toBe(true);
  });

  test('sends the build all that it copies, and nothing else', () => {
    const ignored = readFileSync(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8');
    const sent = [...ignored.matchAll(/^!(.+)$/gm)].map(([, path]) => path);
    expect(sent.toSorted()).toEqual(copied(stages[0]?.text ?? '').toSorted());
    expect(ignored.startsWith('*\n')).toBe(true);
  });

  test.each(stages.slice(1))(
    'runs as the user of the manifests, not as root, in the stage $name',
    ({ text: stage }) => {
      expect(stage).toMatch(/^USER 1337:1337$/m);
      expect(stage).toMatch(/^ENTRYPOINT \[".+"\]$/m);
    },
  );

  test.each(stages.slice(1))(
    'has the packages that are not in the bundle, in the stage $name',
    ({ text: stage }) => {
      expect(stages[0]?.text).toMatch(/^RUN npm prune --omit=dev /m);
      expect(copied(stage)).toContain('node_modules');
    },
  );

  test('names the ports that the manifests send traffic to', () => {
    const exposed = /^EXPOSE (.+)$/m
      .exec(stages[1]?.text ?? '')?.[1]
      ?.split(' ')
      .map(Number);
    expect(exposed?.toSorted()).toEqual(Object.values(ISTIOD_PORTS).toSorted());
  });
});
