// What `npm start`, `npm test` and their kin run. Works on any Node.js from 20 on with npm and nothing else:
// it installs the project's dependencies (a Node.js 24 among them), builds, and does the rest on that Node.js.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const windows = process.platform === 'win32';

/** Runs a program in the project with its own tools first on the path; ends this process when it fails. */
function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
    env: { ...process.env, PATH: bin + delimiter + process.env.PATH, ...env },
  });
  if (result.error !== undefined) {
    console.error(`Cannot run ${command}: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Installs what package-lock.json names, once for each state of that file. */
function install() {
  const mark = join(root, 'node_modules', '.lateen-installed');
  const state = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === state) return;
  console.error('Installing dependencies (npm ci) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(mark, state);
}

/** Runs a TypeScript or JavaScript file of the project on its own Node.js. */
function node(...args) {
  run(join(bin, windows ? 'node.cmd' : 'node'), args);
}

// A terminal tells the program that runs as well, which may have to tidy up: this waits for it.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});

const [task = 'help', ...rest] = process.argv.slice(2);

const tasks = {
  start() {
    install();
    node('src/codegen/build.ts', '--quiet');
    node('scripts/tour.ts', ...rest);
  },
  build() {
    install();
    node('src/codegen/build.ts', ...rest);
  },
  lint() {
    install();
    node('src/codegen/main.ts');
    run('oxfmt', ['--check', 'src', 'test', 'scripts', 'bin']);
    run('oxlint', ['--deny-warnings', 'src', 'test', 'scripts', 'bin']);
    run('tsc', ['--noEmit']);
  },
  peers() {
    install();
    node('test/peers/install.ts');
  },
  test() {
    install();
    node('src/codegen/build.ts');
    node('test/peers/install.ts');
    if (rest.length === 0) tasks.lint();
    run('vitest', ['run', ...rest]);
  },
  bench() {
    install();
    node('src/codegen/build.ts', '--quiet');
    node('test/bench/main.ts', ...rest);
  },
  'bench:cluster'() {
    install();
    node('src/codegen/build.ts', '--quiet');
    node('test/bench/cluster.ts', ...rest);
  },
  'bench:proxy'() {
    install();
    node('src/codegen/build.ts', '--quiet');
    node('test/bench/proxy/main.ts', ...rest);
  },
  'bench:controller'() {
    install();
    node('src/codegen/build.ts', '--quiet');
    node('test/bench/controller.ts', ...rest);
  },
};

if (!Object.hasOwn(tasks, task)) {
  console.error(`Unknown task ${task}. Known tasks: ${Object.keys(tasks).join(', ')}.`);
  process.exit(2);
}
tasks[task]();
