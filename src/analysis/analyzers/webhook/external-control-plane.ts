/** Webhooks that lead to a control plane outside the cluster: their addresses. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import { isIp } from '../../../base/cidr.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { parseUrl } from '../../../base/url.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

const MUTATING = 'admissionregistration.k8s.io/MutatingWebhookConfiguration';
const VALIDATING = 'admissionregistration.k8s.io/ValidatingWebhookConfiguration';

type Webhooks = KindTypes[typeof MUTATING]['webhooks'] | KindTypes[typeof VALIDATING]['webhooks'];

export const analyzer: Analyzer = {
  name: 'externalcontrolplane.ExternalControlPlaneAnalyzer',
  summary: 'Webhooks of the mesh lead to a control plane, which has a host name if it is an external one',
  reads: [MUTATING, VALIDATING],
  messages: [MESSAGES.InvalidExternalControlPlaneConfig, MESSAGES.ExternalControlPlaneAddressIsNotAHostname],
  analyze(context) {
    for (const object of context.snapshot.list(VALIDATING)) {
      const { name } = object.meta;
      if (name !== 'istiod-default-validator' && !name.startsWith('istio-validator')) continue;
      checkWebhooks(context, object, object.value.webhooks);
    }
    for (const object of context.snapshot.list(MUTATING)) {
      if (object.meta.name.startsWith('istio-sidecar-injector'))
        checkWebhooks(context, object, object.value.webhooks);
    }
  },
};

function checkWebhooks({ report }: AnalysisContext, object: MeshObject, webhooks: Webhooks = []): void {
  for (const [index, { name: webhook = '', clientConfig = {} }] of webhooks.entries()) {
    const { url = '', service } = clientConfig;
    if (url === '' && service !== undefined) continue;
    const path = ['webhooks', index, 'clientConfig', 'url'];
    const { host, problem } = readAddress(url);
    if (problem !== undefined)
      report(MESSAGES.InvalidExternalControlPlaneConfig, object, path, { webhook, host, problem });
    else if (isIp(host))
      report(MESSAGES.ExternalControlPlaneAddressIsNotAHostname, object, path, { webhook, host });
  }
}

/** The host of a URL, without its port. Whether the name leads anywhere, no text can tell. */
function readAddress(url: string): { host: string; problem?: string } {
  if (url === '') return { host: '', problem: 'neither url nor service is set' };
  const authority = parseUrl(url)?.host;
  if (authority === undefined) return { host: url, problem: 'the address is no URL' };
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(authority)?.[1];
  const host = bracketed ?? authority.replace(/:\d*$/, '');
  if (host === '') return { host: url, problem: 'the URL has no host; write it as https://HOST/PATH' };
  if (isIp(host)) return { host };
  // Underscores are no part of host names, but name servers do not mind them.
  const problem = domainProblem(host.replaceAll('_', 'x'));
  return problem === undefined ? { host } : { host, problem: `it ${problem}` };
}
