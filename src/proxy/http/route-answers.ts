/** Routes that answer themselves, and requests that no route takes. */

import { type CompiledRoute, overTls } from '../route/route-table.ts';
import type { ForwardAction } from './forward-request.ts';
import { planOf } from './route-plan.ts';
import type { HttpStream } from './stream.ts';

export type ForwardingRoute = CompiledRoute & { readonly action: ForwardAction };

/** The route that sends the request on; undefined when it has been answered. */
export function forwardingRoute(stream: HttpStream): ForwardingRoute | undefined {
  const found = stream.found();
  const { counters } = stream.manager.stats;
  counters.rq_total.value++;
  switch (found.kind) {
    case 'no-host':
    case 'no-route':
      counters.no_route.value++;
      stream.info.flag('NR');
      stream.reply({ status: 404, body: '', details: 'route_not_found' });
      return undefined;
    case 'tls-required':
      counters.rq_direct_response.value++;
      redirect(stream, 301, overTls(stream));
      return undefined;
    case 'route':
      return forwards(found.compiled) ? found.compiled : answer(stream, found.compiled);
  }
}

function forwards(compiled: CompiledRoute): compiled is ForwardingRoute {
  return compiled.action.kind === 'forward';
}

function answer(stream: HttpStream, compiled: CompiledRoute): undefined {
  const { action } = compiled;
  const { counters } = stream.manager.stats;
  if (action.kind === 'redirect') {
    counters.rq_direct_response.value++;
    redirect(stream, action.status, action.location(stream));
  } else if (action.kind === 'direct') {
    counters.rq_direct_response.value++;
    const body = planOf(compiled).directBody;
    const { status } = action;
    // https://www.rfc-editor.org/rfc/rfc9110#field.location
    const places = status === 201 || (status >= 300 && status < 400);
    const headers = places
      ? ([['location', `${stream.scheme}://${stream.authority}${stream.path}`]] as const)
      : [];
    stream.reply({ status, body, headers, details: 'direct_response' });
  }
  return undefined;
}

function redirect(stream: HttpStream, status: number, location: string): void {
  stream.reply({ status, body: '', headers: [['location', location]], details: 'direct_response' });
}
