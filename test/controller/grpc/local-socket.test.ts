import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Listeners } from '../../../src/controller/grpc/listeners.ts';

let folder: string;
let path: string;
const open: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-socket-'));
  path = join(folder, 'xds.sock');
});
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(at = path): Promise<Listeners> {
  const listeners = await Listeners.start({ path: at }, (socket) => socket.end('hello'));
  open.push(listeners);
  return listeners;
}

/** What somebody says who is asked there. */
function ask(): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    connect(path)
      .on('data', (part) => (said += String(part)))
      .on('end', () => resolve(said))
      .on('error', reject);
  });
}

/** Leaves a socket behind that nobody serves. */
function leaveBehind(): void {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program]);
  expect(statSync(path).isSocket()).toBe(true);
}

describe('a socket for the user of the process alone', () => {
  test.each([0o000, 0o022, 0o077])(
    'is open to nobody else whatever the mask %o, which stays as it is',
    async (mask) => {
      const before = process.umask(mask);
      try {
        await listen();
        expect(statSync(path).mode & 0o777).toBe(0o600);
        expect(process.umask()).toBe(mask);
      } finally {
        process.umask(before);
      }
      expect(await ask()).toBe('hello');
    },
  );

  test('goes when nobody listens any more', async () => {
    (await listen()).close();
    expect(existsSync(path)).toBe(false);
  });

  test('takes the place of one that a dead process left', async () => {
    leaveBehind();
    await listen();
    expect(await ask()).toBe('hello');
  });

  test('does not take the place of one that is served', async () => {
    const other: Server = createServer((socket) => socket.on('error', () => undefined).end('I was first'));
    open.push(other);
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(listen()).rejects.toMatchObject({
      code: 'AddressInUse',
      message: `the socket ${path} is served by another process`,
      hint: expect.stringContaining('choose another path'),
    });
    expect(await ask()).toBe('I was first');
  });

  test.each(['file', 'folder', 'link'])('does not take away a %s', async (what) => {
    if (what === 'file') writeFileSync(path, 'precious');
    else if (what === 'folder') mkdirSync(path);
    else symlinkSync(join(folder, 'elsewhere'), path);
    await expect(listen()).rejects.toThrow('is there already and is no socket');
    expect(existsSync(path) || what === 'link').toBe(true);
  });

  test.each([0o770, 0o707, 0o1777])(
    'is not made in a folder of mode %o, where others write',
    async (mode) => {
      chmodSync(folder, mode);
      await expect(listen()).rejects.toMatchObject({
        message: `the socket ${path} cannot be made: others may write to its folder ${folder}`,
        hint: 'Choose a folder of its own, as mkdir -m 700 makes it.',
      });
      expect(existsSync(path)).toBe(false);
    },
  );

  test('is not made where there is no folder, or with a name that is too long', async () => {
    await expect(listen(join(folder, 'none', 'xds.sock'))).rejects.toMatchObject({
      message: expect.stringContaining(`there is no folder ${join(folder, 'none')}`),
      hint: `Make it: mkdir -m 700 ${join(folder, 'none')}`,
    });
    await expect(listen(join(folder, 'x'.repeat(120)))).rejects.toThrow('is longer than 107 bytes');
  });

  test.skipIf(process.getuid?.() !== 0)('is shut to other users of the machine, who see it', async () => {
    chmodSync(folder, 0o755);
    await listen();
    const as = ['--reuid=12345', '--regid=12345', '--clear-groups'];
    const may = (what: string): number | null =>
      spawnSync('setpriv', [...as, 'test', what, path], { stdio: 'inherit' }).status;
    expect({ see: may('-S'), connect: may('-w') }).toEqual({ see: 0, connect: 1 });
    chmodSync(path, 0o666);
    expect(may('-w')).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'is not made in a folder of another user, or in place of its socket',
    async () => {
      leaveBehind();
      chownSync(path, 12_345, 12_345);
      await expect(listen()).rejects.toThrow('is a socket of another user');
      chownSync(folder, 12_345, 12_345);
      await expect(listen()).rejects.toThrow('belongs to another user');
    },
  );
});
