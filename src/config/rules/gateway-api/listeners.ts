/** Listeners of Gateways and ListenerSets: protocols, TLS, and the routes that they take. */

import type {
  AllowedRoutes,
  Listener,
  ListenerTLSConfig,
  LabelSelector,
} from '../../../api/generated/types/gateway.networking.k8s.io/Gateway.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { checkLabelSelector } from '../core/label-selector.ts';
import type { RuleReport } from '../rule.ts';
import { checkAllowedKind, GATEWAY_GROUP } from './group-kind.ts';
import { checkConflicts } from './listener-conflicts.ts';

const HTTP_ROUTES = ['HTTPRoute', 'GRPCRoute'];

/** Protocols that the mesh serves, and the routes that fit them. */
const ROUTES: ReadonlyMap<string, readonly string[]> = new Map([
  ['HTTP', HTTP_ROUTES],
  ['HTTPS', HTTP_ROUTES],
  ['TLS', ['TLSRoute', 'TCPRoute']],
  ['TCP', ['TCPRoute']],
  ['HBONE', [...HTTP_ROUTES, 'TLSRoute', 'TCPRoute']],
]);

const MAX_CERTIFICATES = 2;

/** Checks the list at `spec.listeners`. */
export function checkListeners(report: RuleReport, listeners: readonly Listener[] | undefined): void {
  for (const [index, listener] of (listeners ?? []).entries()) {
    const path = ['spec', 'listeners', index];
    checkProtocol(report, path, listener);
    checkTls(report, [...path, 'tls'], listener.tls);
    checkAllowedRoutes(report, [...path, 'allowedRoutes'], listener.allowedRoutes, listener.protocol);
  }
  checkConflicts(report, listeners ?? []);
}

/** `from` and `selector` belong together. */
export function checkNamespaces(
  report: RuleReport,
  path: FieldPath,
  namespaces: { readonly from?: string; readonly selector?: LabelSelector } | undefined,
): void {
  if (namespaces === undefined) return;
  const { from, selector } = namespaces;
  checkLabelSelector(report, [...path, 'selector'], selector);
  if (from === 'Selector' && selector === undefined) {
    report.warn(
      [...path, 'selector'],
      'from is Selector and there is no selector, so no namespace is chosen',
      {
        check: 'MissingField',
      },
    );
  } else if (from !== 'Selector' && selector !== undefined) {
    report.warn([...path, 'selector'], 'the selector counts only when from is Selector', {
      hint: 'Set from to Selector, or remove selector.',
    });
  }
}

function checkProtocol(report: RuleReport, path: FieldPath, { protocol, tls }: Listener): void {
  if (protocol === undefined) return;
  if (!ROUTES.has(protocol)) {
    const upper = protocol.toUpperCase();
    report.warn([...path, 'protocol'], `the mesh does not serve the protocol "${protocol}"`, {
      hint: ROUTES.has(upper)
        ? `Write it in capitals: ${upper}.`
        : `Use one of ${[...ROUTES.keys()].join(', ')}.`,
    });
  } else if (protocol === 'HTTPS' && tls === undefined) {
    report.warn([...path, 'tls'], 'a listener for HTTPS without tls is not served', {
      check: 'MissingField',
      hint: 'Name a certificate in tls.certificateRefs.',
    });
  }
}

function checkTls(report: RuleReport, path: FieldPath, tls: ListenerTLSConfig | undefined): void {
  const certificates = tls?.certificateRefs ?? [];
  if (tls?.mode === 'Passthrough' && certificates.length > 0) {
    report.warn(
      [...path, 'certificateRefs'],
      'with mode Passthrough the gateway ends no TLS and uses no certificate',
      {
        hint: 'Remove certificateRefs, or set mode to Terminate.',
      },
    );
  }
  if (certificates.length > MAX_CERTIFICATES) {
    report.warn(
      [...path, 'certificateRefs'],
      `the mesh serves at most ${MAX_CERTIFICATES} certificates a listener`,
      {
        check: 'TooMany',
        hint: 'Two are for one RSA and one ECDSA key; other hosts get a listener of their own.',
      },
    );
  }
  for (const [index, { group = '', kind = 'Secret' }] of certificates.entries()) {
    checkAllowedKind(report, [...path, 'certificateRefs', index], { group, kind }, ['core/Secret']);
  }
}

function checkAllowedRoutes(
  report: RuleReport,
  path: FieldPath,
  allowed: AllowedRoutes | undefined,
  protocol: string | undefined,
): void {
  checkNamespaces(report, [...path, 'namespaces'], allowed?.namespaces);
  const fitting = ROUTES.get(protocol ?? '');
  if (fitting === undefined) return;
  for (const [index, { group = GATEWAY_GROUP, kind = '' }] of (allowed?.kinds ?? []).entries()) {
    if (group === GATEWAY_GROUP && fitting.includes(kind)) continue;
    report.warn([...path, 'kinds', index], `a listener for ${protocol} takes no ${kind}`, {
      hint: `Routes that fit are ${fitting.join(' and ')}, of the group ${GATEWAY_GROUP}.`,
    });
  }
}
