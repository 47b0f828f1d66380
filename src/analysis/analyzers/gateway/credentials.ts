/** Credentials of a Gateway's servers: the Secret is there, next to the workload, with a certificate in force. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { KindTypes } from '../../../api/generated/kind-types.ts';
import { KEY_PAIRS, entryOf } from '../../../config/credentials/entries.ts';
import { certificatesIn } from '../../../config/credentials/pem.ts';
import type { MeshObject } from '../../../config/object.ts';
import { gatewayWorkloads, selectsInstalledGateway } from '../../../model/gateway-workloads.ts';
import { formatLabels } from '../../../model/selectors.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

type ServerTLSSettings = NonNullable<
  NonNullable<NonNullable<KindTypes['networking.istio.io/Gateway']['spec']>['servers']>[number]['tls']
>;

export const analyzer: Analyzer = {
  name: 'gateway.SecretAnalyzer',
  summary: 'Credentials of a Gateway are Secrets with a key pair in force',
  reads: [...WORKLOAD_KINDS, 'core/Secret', 'networking.istio.io/Gateway'],
  needs: [['core/Secret']],
  messages: [MESSAGES.ReferencedResourceNotFound, MESSAGES.InvalidGatewayCredential],
  analyze({ snapshot, report, now }) {
    for (const object of snapshot.list('networking.istio.io/Gateway')) {
      const { selector = {}, servers = [] } = object.value.spec ?? {};
      const namespaces = [...new Set(gatewayWorkloads(snapshot, object).map(({ namespace }) => namespace))];
      if (namespaces.length === 0) {
        if (selectsInstalledGateway(selector)) continue;
        report(MESSAGES.ReferencedResourceNotFound, object, ['spec', 'selector'], {
          type: 'selector',
          name: formatLabels(selector),
        });
        continue;
      }
      for (const [index, { tls = {} }] of servers.entries()) {
        for (const { name, path } of credentialNames(tls, ['spec', 'servers', index, 'tls'])) {
          const secrets = namespaces.map((namespace) => snapshot.find('core/Secret', namespace, name));
          const secret = secrets.find((found) => found !== undefined);
          if (secret === undefined) {
            report(
              MESSAGES.ReferencedResourceNotFound,
              object,
              path,
              { type: 'credentialName', name },
              `The Secret has to be in the namespace of the gateway's pods: ${namespaces.join(', ')}.`,
            );
            continue;
          }
          const problem = certificateProblem(secret, now);
          if (problem === undefined) continue;
          report(MESSAGES.InvalidGatewayCredential, object, path, {
            gateway: object.meta.name,
            namespace: namespaces[0] ?? '',
            problem: `Secret ${name}: ${problem}`,
          });
        }
      }
    }
  },
};

/** Secrets that a server names; names with a scheme (`builtin://`, `kubernetes-gateway://`) are no Secrets of ours. */
function credentialNames(tls: ServerTLSSettings, at: FieldPath): { name: string; path: FieldPath }[] {
  const single =
    tls.credentialName === undefined ? [] : [{ name: tls.credentialName, path: [...at, 'credentialName'] }];
  const several = (tls.credentialNames ?? []).map((name, index) => ({
    name,
    path: [...at, 'credentialNames', index],
  }));
  return [...single, ...several].filter(({ name }) => name !== '' && !name.includes('://'));
}

/** What is wrong with the Secret's key pair; undefined when it can be used. The values themselves are never shown. */
function certificateProblem(secret: MeshObject, now: number): string | undefined {
  const bytes = (name: string): Buffer | undefined => entryOf(secret, name)?.bytes;
  const pair = KEY_PAIRS.find((one) => bytes(one.certificate) !== undefined && bytes(one.key) !== undefined);
  const chain = pair && bytes(pair.certificate);
  if (pair === undefined || chain === undefined)
    return 'it has neither tls.crt and tls.key, nor cert and key';
  const certificate = certificatesIn(chain)?.[0];
  if (certificate === undefined) return `${pair.certificate} is no certificate in PEM form`;
  if (now > Date.parse(certificate.validTo)) return `its certificate expired on ${certificate.validTo}`;
  if (now < Date.parse(certificate.validFrom))
    return `its certificate is valid only from ${certificate.validFrom}`;
  return undefined;
}
