/** The few calls of the C library that Node.js has no name for, through koffi. */

import { createRequire } from 'node:module';

export interface Libc {
  getsockopt(fd: number, level: number, name: number, value: Buffer, length: [number]): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  close(fd: number): number;
  /** The error number of the last call. */
  errno(): number;
}

interface Koffi {
  load(path: string | null): { func(declaration: string): (...values: unknown[]) => number };
  errno(): number;
}

let loaded: Libc | Error | undefined;

/** Throws an `Error` that says what for and why when the C library cannot be called here. */
export function libc(purpose: string): Libc {
  loaded ??= load();
  if (!(loaded instanceof Error)) return loaded;
  throw new Error(`${purpose} needs the package koffi, which cannot be loaded here: ${loaded.message}`);
}

function load(): Libc | Error {
  if (process.platform !== 'linux') return new Error('it is used on Linux only');
  try {
    // A require, since this is wanted in the middle of accepting a connection, and only where it is needed.
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const library = koffi.load(null);
    const func = (declaration: string) => library.func(declaration);
    return {
      getsockopt: func(
        'int getsockopt(int fd, int level, int name, void *value, _Inout_ uint32_t *length)',
      ) as Libc['getsockopt'],
      setsockopt: func(
        'int setsockopt(int fd, int level, int name, void *value, uint32_t length)',
      ) as Libc['setsockopt'],
      socket: func('int socket(int domain, int type, int protocol)') as Libc['socket'],
      bind: func('int bind(int fd, void *address, uint32_t length)') as Libc['bind'],
      close: func('int close(int fd)') as Libc['close'],
      errno: () => koffi.errno(),
    };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
