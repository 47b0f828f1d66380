/**
 * Pages of an HTTP server in a pod: over a forwarded port or, where that is refused or cannot be had, by a program
 * beside the server that asks it and prints the answer.
 */

import type { KubeClient } from './client.ts';
import { execInPod } from './exec.ts';
import { ApiFailure, PodFailure } from './failure.ts';
import { askPod, type PodAnswer, type PodRequest } from './pod-http.ts';
import type { PodPort } from './port-forward.ts';

export interface PagePlace extends PodPort {
  /** Where the programs are. */
  readonly container: string;
  /** Commands of which the first that is there asks for the page. */
  commands(method: string, path: string): readonly (readonly string[])[];
}

/** The answer, whatever its status. Throws an `ApiFailure` when neither way leads to one. */
export async function pageOf(client: KubeClient, place: PagePlace, asked: PodRequest): Promise<PodAnswer> {
  try {
    return await askPod(client, place, asked);
  } catch (error) {
    if (!(error instanceof ApiFailure) || !isBarred(error)) throw error;
    try {
      return await askInside(client, place, asked);
    } catch (second) {
      if (!(second instanceof ApiFailure)) throw second;
      // The right to forward ports is the one to ask for: with it alone all can be read.
      if (error.status === 403) throw error;
      throw new ApiFailure(error.status, `${error.message}; nor can it be asked inside: ${second.message}`, {
        cause: error,
      });
    }
  }
}

/** What nodes and those who stand before the API server say when they forward no ports. */
const NOT_FORWARDED =
  /not supported|not implemented|unimplemented|socat|upgrade request required|subprotocol/i;

function isBarred({ status, message }: ApiFailure): boolean {
  return status === 403 || status === 405 || status === 501 || NOT_FORWARDED.test(message);
}

async function askInside(client: KubeClient, place: PagePlace, asked: PodRequest): Promise<PodAnswer> {
  const { method = 'GET', path, signal, maxBytes } = asked;
  let missing: ApiFailure = new PodFailure('no program is known that asks it');
  for (const argv of place.commands(method, path)) {
    try {
      const limits = { signal, ...(maxBytes === undefined ? {} : { maxBytes }) };
      const { exitCode, stdout, stderr } = await execInPod(client, { ...place, argv }, limits);
      if (exitCode === 0) return { status: 200, body: stdout };
      // As our programs and Istio's say it.
      const status = /status(?: code)? (\d{3})\b/.exec(stderr)?.[1];
      if (status !== undefined) return { status: Number(status), body: stdout };
      const words = stderr.trim().slice(0, 300) || `exit code ${exitCode}`;
      throw new PodFailure(`${argv[0]} fails in container ${place.container}: ${words}`);
    } catch (error) {
      if (!(error instanceof ApiFailure) || !isMissing(error)) throw error;
      missing = error;
    }
  }
  throw missing;
}

/** Whether there is no such program, as container runtimes and shells tell it. */
function isMissing({ status, message }: ApiFailure): boolean {
  return status === undefined && /no such file|not found/i.test(message);
}
