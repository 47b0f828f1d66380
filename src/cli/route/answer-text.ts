/** An answer as text for people. */

import { type AnswerHeader, type RouteAnswer, placeText } from './answer.ts';

const MAX_REFUSED = 20;

export function answerText(answer: RouteAnswer): string {
  const lines = [
    `${answer.request.method} ${answer.request.url}`,
    ...detailLines(answer).map((line) => `  ${line}`),
  ];
  const { refused } = answer;
  if (refused.length > 0) {
    lines.push('', 'Rules asked before that did not take it:');
    for (const { rule, condition } of refused.slice(0, MAX_REFUSED)) {
      const place = typeof rule === 'string' ? rule : `${placeText(rule)} ${rule.object}`;
      lines.push(`  ${place}: needs ${condition}`);
    }
    if (refused.length > MAX_REFUSED) lines.push(`  and ${refused.length - MAX_REFUSED} more`);
  }
  return `${lines.join('\n')}\n`;
}

/** Where it goes, in one line. */
export function outcomeLine(answer: RouteAnswer): string {
  const { result, destinations = [], redirect, response, reason } = answer;
  if (redirect !== undefined) return `redirect ${redirect.status} to ${redirect.location}`;
  if (response !== undefined) return `response ${response.status}`;
  if (result === 'none') return reason ?? 'nothing';
  return destinations
    .map((one) => {
      const subset = one.subset === undefined ? '' : `, subset ${one.subset}`;
      const port = one.port === undefined ? '' : `:${one.port}`;
      const percent = destinations.length === 1 ? '' : `${one.percent}% `;
      return `${percent}${one.host}${port}${subset}`;
    })
    .join(' + ');
}

function detailLines(answer: RouteAnswer): string[] {
  const lines: string[] = [];
  const say = (label: string, text: string | undefined) => {
    if (text !== undefined) lines.push(`${`${label}:`.padEnd(13)}${text}`);
  };
  const { rule, rewrite, retries, faults, headers } = answer;
  say(
    'asked of',
    `${answer.proxy}, port ${answer.port}${answer.listener === undefined ? '' : ` (listener ${answer.listener})`}`,
  );
  say('host', answer.virtualHost);
  say(
    'rule',
    rule === undefined
      ? undefined
      : `${placeText(rule)} ${rule.object}${rule.name === undefined ? '' : ` (${rule.name})`}`,
  );
  say('route', answer.route === undefined ? undefined : `${answer.route}: no VirtualService takes it`);
  say('goes to', outcomeLine(answer));
  for (const { host, port, endpoints, missing } of answer.destinations ?? []) {
    // Of other clusters the endpoints are where the client went.
    if (missing !== true && port !== undefined)
      say('endpoints', `${host}: ${endpoints.length === 0 ? 'none are known' : endpoints.join(', ')}`);
  }
  if (answer.result !== 'none') say('but', answer.routed ? undefined : answer.reason);
  say('path', rewrite?.path);
  say('authority', rewrite?.authority);
  say('timeout', answer.timeout);
  if (retries !== undefined) {
    const each = retries.perTryTimeout === undefined ? '' : `, ${retries.perTryTimeout} each`;
    say('retries', `${retries.attempts} on ${retries.on}${each}`);
  }
  for (const mirror of answer.mirrors ?? []) say('mirror', `${mirror.percent}% to ${mirror.host}`);
  if (faults?.delay !== undefined)
    say('fault', `${faults.delay.percent}% delayed by ${faults.delay.duration}`);
  if (faults?.abort !== undefined) {
    const { percent, status, grpc } = faults.abort;
    say('fault', `${percent}% answered with ${grpc === true ? 'gRPC status' : 'status'} ${status}`);
  }
  for (const edit of headers?.request ?? []) say('request', headerText(edit));
  for (const edit of headers?.response ?? []) say('response', headerText(edit));
  return lines;
}

function headerText({ action, name, value }: AnswerHeader): string {
  return value === undefined ? `${action} header ${name}` : `${action} header ${name}: ${value}`;
}
