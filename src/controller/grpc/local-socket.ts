/**
 * A Unix domain socket that nobody but the user of this process can open: what it guards is only as safe as the
 * folder it is in, so that this is looked at first.
 */

import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { type Server, connect } from 'node:net';
import { dirname } from 'node:path';
import { MeshError } from '../../base/mesh-error.ts';

/** Bytes of a path that the operating system has room for. */
const MAX_PATH = 107;

/** Milliseconds that another process may take to show that it serves an old socket. */
const PROBE_TIMEOUT = 2000;

const OTHERS_WRITE = 0o022;
const OWN_FOLDER = 'Choose a folder of its own, as mkdir -m 700 makes it.';
/** Taken off what is made: nothing is left to others, and nothing to execute. */
const OWNER_ONLY = 0o177;

/**
 * Makes room for a socket at the path: looks at the folder, and takes away what a process that is gone has left.
 * Throws a `MeshError` with what stands in the way.
 */
export async function prepareSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH) {
    throw refused(path, `is longer than ${MAX_PATH} bytes`, 'Choose a shorter path.');
  }
  checkFolder(path);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw refused(path, 'is there already and is no socket', 'Move it away.');
  if (found.uid !== ownUser()) {
    throw refused(path, 'is a socket of another user', 'Have that user remove it, or choose another path.');
  }
  if (await isServed(path)) {
    throw refused(path, 'is served by another process', 'End that one, or choose another path.');
  }
  unlinkSync(path);
}

/** Listens on the path; only this user can connect from the first moment on. */
export function listenForOwner(server: Server, path: string, backlog: number, done: () => void): void {
  // The socket is made within this call, so that no other file is made with this mask.
  const before = process.umask(OWNER_ONLY);
  try {
    server.listen({ path, backlog }, done);
  } finally {
    process.umask(before);
  }
}

function checkFolder(path: string): void {
  const folder = dirname(path);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || !found.isDirectory()) {
    throw refused(path, `cannot be made: there is no folder ${folder}`, `Make it: mkdir -m 700 ${folder}`);
  }
  if (found.uid !== ownUser() && found.uid !== 0) {
    throw refused(path, `cannot be made: its folder ${folder} belongs to another user`, OWN_FOLDER);
  }
  if ((found.mode & OTHERS_WRITE) !== 0) {
    throw refused(path, `cannot be made: others may write to its folder ${folder}`, OWN_FOLDER);
  }
}

function ownUser(): number | undefined {
  return process.geteuid?.();
}

/** Whether somebody answers there. When that is not clear, it counts as so: what is served must not be taken away. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (is: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(is);
    };
    const timer = setTimeout(() => answer(true), PROBE_TIMEOUT);
    socket.once('connect', () => answer(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      answer(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}

function refused(path: string, what: string, hint: string): MeshError {
  return new MeshError('AddressInUse', `the socket ${path} ${what}`, { hint });
}
