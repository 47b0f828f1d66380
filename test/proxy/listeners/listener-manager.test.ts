import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { statOf } from '../upstream/clusters.ts';
import { chain, firstLine, listener, listenerFilter, readLine, testListeners } from './listeners.ts';

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

  test('waits for what its filters wait for', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using listeners = testListeners({
      kinds: [
        {
          kind: 'terminal',
          typeName: 'envoy.extensions.filters.network.echo.v3.Echo',
          compile: () => ({
            warm: promise,
            onConnection: ({ socket }) => socket.end('warm\n'),
            close: () => undefined,
          }),
        },
      ],
    });
    const done = listeners.put(listener([chain('a')]));
    expect(listeners.manager.active).toEqual([]);
    expect(statOf(listeners.store, 'listener_manager.total_listeners_warming')).toBe(1);
    resolve();
    await done;
    expect(await firstLine(listeners.port())).toBe('warm');
  });

  test('that cannot be bound says so, and is not there', async () => {
    await using first = testListeners();
    await first.put(listener([chain('a')]));
    await using second = testListeners();
    const taken = listener([chain('a')], {
      address: { socket_address: { address: '127.0.0.1', port_value: first.port() } },
    });
    await expect(second.put(taken)).rejects.toThrow(/cannot bind 127.0.0.1:\d+: .*EADDRINUSE/);
    expect(second.manager.active).toEqual([]);
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
