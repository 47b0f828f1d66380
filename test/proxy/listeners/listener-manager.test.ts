import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import type { NetworkFilterKind } from '../../../src/proxy/listeners/network-filter.ts';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { statOf } from '../upstream/clusters.ts';
import { chain, firstLine, listener, listenerFilter, readLine, testListeners } from './listeners.ts';
import { freePort } from '../../peers/free-ports.ts';

function at(port: number): JsonObject {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** A filter that is ready when the promise is, and says `warm` to who connects. */
function waitsFor(warm: Promise<void>): NetworkFilterKind {
  return {
    kind: 'terminal',
    typeName: 'envoy.extensions.filters.network.echo.v3.Echo',
    compile: () => ({
      warm,
      onConnection: ({ socket }) => socket.end('warm\n'),
      close: () => undefined,
    }),
  };
}

describe('a listener', () => {
  test('takes connections, with the bytes that came first', async () => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('a')]));
    expect(await firstLine(listeners.port(), 'hello')).toBe('a');
    const [connection] = listeners.connections;
    expect(connection).toMatchObject({
      transportProtocol: 'raw_buffer',
      tls: false,
      restored: false,
      localPlace: { ip: '127.0.0.1', port: listeners.port() },
    });
  });

  test('goes on with its socket when chains change; connections of chains that stay do not notice', async () => {
    await using listeners = testListeners();
    const first = listener([chain('http', { application_protocols: ['http/1.1'] }), chain('tcp')], {
      listener_filters: [listenerFilter('http_inspector')],
    });
    await listeners.put(first);
    const port = listeners.port();
    const stays = connect({ port, host: '127.0.0.1' });
    expect(await readLine(stays, 'other\n')).toBe('tcp');
    const goes = connect({ port, host: '127.0.0.1' });
    expect(await readLine(goes, 'GET / HTTP/1.1\r\n\r\n')).toBe('http');
    await listeners.put({
      ...first,
      filter_chains: [chain('changed', { application_protocols: ['http/1.1'] }), chain('tcp')],
    });
    expect(listeners.port()).toBe(port);
    expect(listeners.connections.map(({ draining }) => draining)).toEqual([false, true]);
    expect(await firstLine(port, 'GET / HTTP/1.1\r\n\r\n')).toBe('changed');
    stays.write('more\n');
    const [chunk] = await once(stays, 'data');
    expect(String(chunk)).toContain('more');
    expect(statOf(listeners.store, 'listener_manager.listener_in_place_updated')).toBe(1);
    stays.destroy();
    goes.destroy();
  });

  test('that is removed takes no more, and closes what is left after the drain time', async () => {
    await using listeners = testListeners({ drainTime: 20 });
    await listeners.put(listener([chain('a')]));
    const port = listeners.port();
    const open = connect({ port, host: '127.0.0.1' });
    await readLine(open, '');
    let drained = 0;
    listeners.connections[0]?.onDrain(() => drained++);
    const closed = once(open, 'close');
    listeners.manager.remove('l');
    expect(drained).toBe(1);
    expect(await firstLine(port)).toBe('closed');
    await closed;
    await expect.poll(() => statOf(listeners.store, 'listener_manager.total_listeners_draining')).toBe(0);
  });

  test('waits for what its filters wait for, and nobody can connect until then', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using listeners = testListeners({ kinds: [waitsFor(promise)] });
    const port = await freePort();
    const done = listeners.put(listener([chain('a')], { address: at(port) }));
    expect(listeners.manager.active).toEqual([]);
    expect(statOf(listeners.store, 'listener_manager.total_listeners_warming')).toBe(1);
    expect(await firstLine(port)).toBe('closed');
    resolve();
    await done;
    expect(await firstLine(port)).toBe('warm');
    expect(statOf(listeners.store, 'listener_manager.listener_create_success')).toBe(1);
  });

  test('takes no connections and no listeners any more when it was told so', async () => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('a')]));
    const port = listeners.port();
    listeners.manager.stopListening();
    await listeners.put(listener([chain('changed')], { address: at(port) }));
    expect(await firstLine(port)).toBe('closed');
    expect(listeners.manager.active).toHaveLength(1);
  });

  test('that waits still is given up when nothing is listened on any more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using listeners = testListeners({ kinds: [waitsFor(promise)] });
    const port = await freePort();
    const done = listeners.put(listener([chain('a')], { address: at(port) }));
    listeners.manager.stopListening();
    resolve();
    await done;
    expect(await firstLine(port)).toBe('closed');
    expect(statOf(listeners.store, 'listener_manager.total_listeners_warming')).toBe(0);
  });

  test('with a limit closes what is too much', async () => {
    await using listeners = testListeners({ connectionLimit: () => 1 });
    await listeners.put(listener([chain('a')]));
    const open = connect({ port: listeners.port(), host: '127.0.0.1' });
    await readLine(open, '');
    expect(await firstLine(listeners.port())).toBe('closed');
    open.destroy();
  });

  test.each([
    ['unknown network filters', listener([{ filters: [{ name: 'thrift' }] }]), /network filter thrift/],
    ['a matcher of chains', listener([chain('a')], { filter_chain_matcher: {} }), /filter_chain_matcher/],
    ['UDP', listener([chain('a')], { udp_listener_config: {} }), /udp_listener_config/],
    [
      'a name for an address',
      listener([chain('a')], { address: { socket_address: { address: 'localhost' } } }),
      /"localhost" is no IP address/,
    ],
    [
      'unknown listener filters',
      listener([chain('a')], { listener_filters: [{ name: 'x' }] }),
      /listener_filters\[0\] x/,
    ],
  ])('refuses %s by name, and leaves what was there', async (_, json, message) => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('before')]));
    await expect(listeners.put(json)).rejects.toThrow(message);
    expect(await firstLine(listeners.port())).toBe('before');
  });
});

describe('an address', () => {
  test('is shared with who wants to share it too', async () => {
    await using first = testListeners();
    await first.put(listener([chain('a')]));
    await using second = testListeners();
    await second.put(listener([chain('a')], { address: at(first.port()) }));
    expect(second.port()).toBe(first.port());
  });

  test('that another has for itself is refused at once, and what was in force stays', async () => {
    await using other = testListeners();
    await other.put(listener([chain('a')], { enable_reuse_port: false }));
    await using listeners = testListeners();
    await listeners.put(listener([chain('before')]));
    const words = `cannot bind '127.0.0.1:${other.port()}': Address already in use`;
    for (const alone of [true, false]) {
      const name = alone ? 'alone' : 'l';
      const taken = listener([chain('a')], { name, address: at(other.port()), enable_reuse_port: !alone });
      expect(() => listeners.manager.put(messageFromJson(ListenerSchema, taken))).toThrow(words);
    }
    expect(await firstLine(listeners.port())).toBe('before');
    expect(listeners.manager.active).toHaveLength(1);
    expect(statOf(listeners.store, 'listener_manager.listener_create_failure')).toBe(2);
    expect(statOf(listeners.store, 'listener_manager.listener_added')).toBe(1);
  });

  test('that is not of this machine is refused, and gives back those before it', async () => {
    await using listeners = testListeners();
    const port = await freePort();
    const more = { address: at(port), enable_reuse_port: false };
    const away = { address: { socket_address: { address: '192.0.2.1', port_value: port } } };
    await expect(
      listeners.put(listener([chain('a')], { ...more, additional_addresses: [away] })),
    ).rejects.toThrow(`cannot bind '192.0.2.1:${port}': Cannot assign requested address`);
    await listeners.put(listener([chain('a')], more));
    expect(await firstLine(port)).toBe('a');
  });

  test('that somebody else took for himself while the listener waited is told of', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const failures: string[] = [];
    await using listeners = testListeners({
      kinds: [waitsFor(promise)],
      onFailure: (name, { message }) => failures.push(`${name}: ${message}`),
    });
    await using other = testListeners();
    const alone = listener([chain('a')], { address: at(await freePort()), enable_reuse_port: false });
    const done = expect(listeners.put(alone)).rejects.toThrow('Address already in use');
    await other.put(alone);
    resolve();
    await done;
    expect(failures).toEqual([`l: cannot bind '127.0.0.1:${other.port()}': Address already in use`]);
    expect(listeners.manager.active).toEqual([]);
    expect(await firstLine(other.port())).toBe('a');
  });

  test('stays shared, or not, as long as the listener has it', async () => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('before')]));
    await expect(listeners.put(listener([chain('a')], { enable_reuse_port: false }))).rejects.toThrow(
      'listener l.enable_reuse_port: cannot be changed during an update',
    );
    expect(await firstLine(listeners.port())).toBe('before');
  });

  test('is bound anew for another way to bind it, beside the old one', async () => {
    await using listeners = testListeners();
    const port = await freePort();
    await listeners.put(listener([chain('before')], { address: at(port) }));
    await listeners.put(listener([chain('after')], { address: at(port), freebind: true }));
    expect(await firstLine(port)).toBe('after');
  });

  test.each([
    ['all', 'a', 'a'],
    ['shared', 'a', 'closed'],
    ['none', 'closed', 'closed'],
  ] as const)('is bound where a process binds %s', async (binds, shared, alone) => {
    await using listeners = testListeners({ binds });
    const ports = [await freePort(), await freePort()] as const;
    await listeners.put(listener([chain('a')], { address: at(ports[0]) }));
    await listeners.put(
      listener([chain('a')], { name: 'alone', address: at(ports[1]), enable_reuse_port: false }),
    );
    expect([await firstLine(ports[0]), await firstLine(ports[1])]).toEqual([shared, alone]);
  });

  test('that is a path takes the place of a socket that nobody has any more, and of no other file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-listener-'));
    try {
      const path = join(folder, 'socket');
      const pipe = listener([chain('a')], { address: { pipe: { path, mode: 0o600 } } });
      const ends = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', ends]);
      expect(statSync(path).isSocket()).toBe(true);
      await using listeners = testListeners();
      await listeners.put(pipe);
      const socket = connect(path);
      expect(await readLine(socket, '')).toBe('a');
      socket.destroy();
      expect(statSync(path).mode & 0o777).toBe(0o600);
      writeFileSync(join(folder, 'file'), 'text');
      const taken = { ...pipe, name: 'file', address: { pipe: { path: join(folder, 'file') } } };
      await expect(listeners.put(taken)).rejects.toThrow('Address already in use');
      const nowhere = { ...pipe, name: 'no', address: { pipe: { path: join(folder, 'none', 'file') } } };
      await expect(listeners.put(nowhere)).rejects.toThrow('No such file or directory');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('listener filters', () => {
  test('time out, and the connection goes on or ends as it is configured', async () => {
    await using listeners = testListeners();
    const slow = { listener_filters: [listenerFilter('tls_inspector')], listener_filters_timeout: '0.02s' };
    await listeners.put(listener([chain('a')], slow));
    expect(await firstLine(listeners.port())).toBe('closed');
    await listeners.put(listener([chain('a')], { ...slow, continue_on_listener_filters_timeout: true }));
    expect(await firstLine(listeners.port())).toBe('a');
  });

  test('are not in force for ports that are left out', async () => {
    await using listeners = testListeners();
    await listeners.put(
      listener([chain('a')], {
        listener_filters: [{ ...listenerFilter('http_inspector'), filter_disabled: { any_match: true } }],
      }),
    );
    expect(await firstLine(listeners.port())).toBe('a');
  });

  test.each([
    ['version 1', 'PROXY TCP4 10.0.0.1 10.0.0.2 1234 80\r\nrest', '10.0.0.1', '10.0.0.2'],
    [
      'version 2 of IPv6',
      Buffer.from(
        '0d0a0d0a000d0a515549540a212100240000000000000000000000000000000120010db800000000000000000000000204d20050',
        'hex',
      ),
      '::1',
      '2001:db8::2',
    ],
  ])('read the PROXY protocol, %s', async (_, bytes, source, destination) => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('a')], { listener_filters: [listenerFilter('proxy_protocol')] }));
    expect(await firstLine(listeners.port(), bytes)).toBe('a');
    expect(listeners.connections[0]).toMatchObject({
      remotePlace: { ip: source, port: 1234 },
      localPlace: { ip: destination, port: 80 },
      restored: true,
      directRemotePlace: { ip: '127.0.0.1' },
    });
  });

  test.each([
    ['GET / HTTP/1.1\r\n\r\n'],
    ['PROXY TCP4 10.0.0.1 nonsense 1 2\r\n'],
    ['PROXY TCP4 10.0.0.1 10.0.0.2 99999 2\r\n'],
  ])('close what does not begin with a good PROXY header: %j', async (bytes) => {
    await using listeners = testListeners();
    await listeners.put(listener([chain('a')], { listener_filters: [listenerFilter('proxy_protocol')] }));
    expect(await firstLine(listeners.port(), bytes)).toBe('closed');
  });
});
