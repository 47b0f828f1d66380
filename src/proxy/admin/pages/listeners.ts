/** `/listeners`, and how they are drained. */

import { placeText } from '../../address.ts';
import { type AdminPage, json, text } from '../page.ts';
import { addressJson } from './clusters.ts';

export const LISTENERS: AdminPage = {
  path: '/listeners',
  description: 'print listener info',
  parameters: [{ name: 'format', description: 'File format to use; One of (text, json)' }],
  respond({ query }, view) {
    const listeners = [...view.listeners];
    if (query.get('format') !== 'json') {
      return text(
        listeners
          .flatMap(({ name, places }) => places.map((place) => `${name}::${placeText(place)}\n`))
          .join(''),
      );
    }
    const statuses = listeners.map(({ name, places: [first, ...more] }) => ({
      name,
      ...(first === undefined ? {} : { local_address: addressJson(first) }),
      ...(more.length === 0 ? {} : { additional_local_addresses: more.map(addressJson) }),
    }));
    return json(statuses.length === 0 ? {} : { listener_statuses: statuses });
  },
};

export const DRAIN_LISTENERS: AdminPage = {
  path: '/drain_listeners',
  description: 'drain listeners',
  mutates: true,
  parameters: [
    {
      name: 'graceful',
      description:
        'When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and duration is configurable via server options or CLI',
    },
    {
      name: 'skip_exit',
      description:
        'When draining listeners, drain the connections but never stop the listeners. The graceful parameter has no effect when this is set, since the drain period only delays stopping the listeners',
    },
    {
      name: 'inboundonly',
      description:
        'Drains all inbound listeners. traffic_direction field in envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound or outbound.',
    },
  ],
  respond({ query }, view) {
    const skipExit = query.has('skip_exit');
    if (skipExit && !query.has('graceful')) return text('skip_exit requires graceful\n', 400);
    view.drainListeners({
      graceful: query.has('graceful'),
      skipExit,
      inboundOnly: query.has('inboundonly'),
    });
    return text('OK\n');
  },
};
