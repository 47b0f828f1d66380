/** Rules of handler: which adapter it configures, and how that is reached. */

import { nearestName } from '../../../base/nearest.ts';
import type { Connection, Handler } from '../../../api/generated/types/config.istio.io/handler.ts';
import type { RuleReport, KindRules } from '../rule.ts';
import { checkAddress } from './address.ts';
import { COMPILED_ADAPTERS } from './embedded.ts';
import { checkNotNegative } from './limits.ts';

export const kinds = ['config.istio.io/handler'] as const;

export const rules: KindRules<Handler> = (object, report) => {
  const { compiledAdapter = '', adapter = '', connection } = object.value.spec ?? {};
  if (compiledAdapter === '' && adapter === '') {
    report.error(['spec'], 'the handler names no adapter', {
      check: 'MissingField',
      hint: 'Set compiledAdapter for an adapter that is built in, or adapter for one of its own process.',
    });
  } else if (compiledAdapter !== '' && adapter !== '') {
    report.warn(['spec', 'adapter'], 'compiledAdapter is set, so adapter has no effect', {
      hint: 'Remove one of them.',
    });
  }
  if (compiledAdapter !== '' && !COMPILED_ADAPTERS.includes(compiledAdapter)) {
    const nearest = nearestName(compiledAdapter, COMPILED_ADAPTERS);
    const hint =
      nearest === undefined ? `There are ${COMPILED_ADAPTERS.join(', ')}.` : `Did you mean ${nearest}?`;
    report.error(
      ['spec', 'compiledAdapter'],
      `there is no built-in adapter ${JSON.stringify(compiledAdapter)}`,
      { hint },
    );
  }
  if (connection !== undefined) checkConnection(report, connection, compiledAdapter);
};

function checkConnection(report: RuleReport, connection: Connection, compiledAdapter: string): void {
  const path = ['spec', 'connection'];
  if (compiledAdapter !== '') {
    report.warn(path, 'a built-in adapter has no connection, so this has no effect', {
      hint: 'Remove connection.',
    });
  }
  if (connection.address === undefined) {
    report.error([...path, 'address'], 'the connection has no address', {
      check: 'MissingField',
      hint: 'Set address to host:port.',
    });
  }
  checkAddress(report, [...path, 'address'], connection.address);
  checkNotNegative(report, [...path, 'timeout'], connection.timeout);
}
