/** What a failed request to the API server means for whoever typed the command, and what to do about it. */

import { MeshError } from '../base/mesh-error.ts';
import type { KubeClient } from './client.ts';
import { deniedRight, rightText, ruleText } from './denied.ts';
import { ApiFailure, PodFailure } from './failure.ts';

/**
 * The failure as an error to show. `object` is what the request was about, as `Deployment istio-system/istiod`.
 * What is no failure of a request comes back as it is.
 */
export function explained(error: unknown, client: KubeClient, object?: string): unknown {
  if (!(error instanceof ApiFailure)) return error;
  const { code, message, hint } = meaningOf(error, client);
  return new MeshError(code, message, { hint, cause: error, where: object === undefined ? {} : { object } });
}

interface Meaning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

function meaningOf(failure: ApiFailure, client: KubeClient): Meaning {
  const { status, message } = failure;
  const server = client.url('');
  if (status === undefined && isAborted(failure)) {
    return {
      code: 'Timeout',
      message: `the API server ${server} did not answer all that was asked in time`,
      hint: 'Allow more with --timeout, or ask for less.',
    };
  }
  if (failure instanceof PodFailure) return { code: 'PodFailed', message };
  if (status === undefined) {
    return {
      code: 'Unreachable',
      message: `the API server ${server} does not answer: ${message}`,
      hint: `The context is ${client.access.name}. Check that the cluster runs and can be reached, or choose another with --context.`,
    };
  }
  if (status === 401) {
    return {
      code: 'Unauthorized',
      message: `the API server ${server} does not accept the credentials: ${message}`,
      hint: `Log in to the cluster again; the context is ${client.access.name}.`,
    };
  }
  const right = deniedRight(failure);
  if (right !== undefined) {
    return {
      code: 'Forbidden',
      message: `no right to ${rightText(right)}`,
      hint: `${capital(ruleText(right))} gives it.`,
    };
  }
  return refusalOf(status, message);
}

/** Whether we gave up, rather than the connection. */
function isAborted({ cause }: ApiFailure): boolean {
  return cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError');
}

/** Refusals by what stands behind the API server, which only their texts tell apart. */
function refusalOf(status: number, message: string): Meaning {
  const webhook = /admission webhook "([^"]+)" denied the request/.exec(message)?.[1];
  if (webhook !== undefined) {
    return {
      code: 'WebhookRefused',
      message,
      hint: `The webhook ${webhook} refuses it, not Kubernetes: ask who runs that one (kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations), then run the same command again.`,
    };
  }
  const unreachable = /failed calling webhook "([^"]+)"/.exec(message)?.[1];
  if (unreachable !== undefined) {
    return {
      code: 'WebhookUnreachable',
      message,
      hint: `The API server must ask the webhook ${unreachable} and cannot reach it: start what stands behind it, or delete its configuration, then run the same command again.`,
    };
  }
  if (/exceeded quota/.test(message)) {
    return {
      code: 'QuotaExceeded',
      message,
      hint: 'Raise the ResourceQuota of that namespace, or ask for less (--set values.pilot.resources…), then run the same command again.',
    };
  }
  if (/violates PodSecurity/.test(message)) {
    return {
      code: 'PodSecurity',
      message,
      hint: 'Choose another Pod Security level for the namespace (label pod-security.kubernetes.io/enforce), then run the same command again.',
    };
  }
  if (/being terminated/.test(message)) {
    return {
      code: 'Terminating',
      message,
      hint: 'Wait until it is gone (kubectl get namespaces), then run the same command again.',
    };
  }
  const namespace = /^namespaces "([^"]+)" not found/.exec(message)?.[1];
  if (namespace !== undefined) {
    return {
      code: 'NotFound',
      message,
      hint: `Make it with "kubectl create namespace ${namespace}", then run the same command again.`,
    };
  }
  if (status === 404) return { code: 'NotFound', message };
  if (status === 429 || status >= 500) {
    return { code: 'ServerBusy', message, hint: 'Run the same command again in a moment.' };
  }
  return { code: 'Refused', message };
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
