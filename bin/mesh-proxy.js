#!/usr/bin/env node
// Plain enough for a Node.js that is far too old to parse, so that it can be told so.
var node = process.versions.node.split('.').map(Number);
if (node[0] < 22 || (node[0] === 22 && node[1] < 12)) {
  process.stderr.write('mesh-proxy needs Node.js 22.12 or newer, but this is ' + process.version + '.\n');
  process.exit(1);
}
// The C library gives each thread of Node.js memory of its own, ten megabytes of which are never used, unless it is told not to
// before anything runs: what stays running begins once more, in place. docs/decisions/one-arena.md
if (
  process.platform === 'linux' &&
  process.env.MALLOC_ARENA_MAX === undefined &&
  typeof process.execve === 'function' &&
  process.channel === undefined &&
  ['wait', 'request', 'help', '--help', '-h', undefined].indexOf(process.argv[2]) < 0
) {
  process.execve(
    process.execPath,
    [process.argv0].concat(process.execArgv, process.argv.slice(1)),
    Object.assign({}, process.env, { MALLOC_ARENA_MAX: '1' }),
  );
}
// What Node.js has compiled of its own modules counts for the flags that it was compiled with: loaded after the ones
// below are set, the same modules take three times as long.
[
  'crypto',
  'dgram',
  'dns/promises',
  'fs/promises',
  'http',
  'http2',
  'net',
  'os',
  'perf_hooks',
  'tls',
  'util',
  'vm',
  'zlib',
].forEach(function (name) {
  process.getBuiltinModule('node:' + name);
});
// New objects get little room before the first collection: what a large configuration leaves behind while it is read
// would else stay with the process for good.
var v8 = process.getBuiltinModule('node:v8');
v8.setFlagsFromString('--semi-space-growth-factor=1');
// Few objects live on from one request to the next: to share them out among threads takes longer than to copy them.
v8.setFlagsFromString('--no-parallel-scavenge');
// The compiler in the middle keeps twenty megabytes for what the best one does a moment later.
v8.setFlagsFromString('--no-maglev');
process.getBuiltinModule('node:module').enableCompileCache();
import('../dist/js/proxy.js').then((proxy) => proxy.start(process.argv.slice(2)));
