/** `mesh-proxy wait`: holds up what starts after the proxy until the proxy is ready. */

import { setTimeout as pause } from 'node:timers/promises';
import { MeshError } from '../../base/mesh-error.ts';
import { badFlag, flagHelp, parseFlags, type FlagSpecs } from '../flags.ts';
import { askHttp } from './admin.ts';

const SPECS = {
  url: { value: 'URL', default: 'http://127.0.0.1:15021/healthz/ready', description: 'What is asked.' },
  timeoutSeconds: { value: 'NUMBER', default: '60', description: 'How long to wait at most.' },
  requestTimeoutMillis: { value: 'NUMBER', default: '500', description: 'How long one question may take.' },
  periodMillis: { value: 'NUMBER', default: '500', description: 'How long to wait between two questions.' },
} as const satisfies FlagSpecs;

/** Throws a `MeshError` when the proxy does not get ready in time. */
export async function waitUntilReady(argv: readonly string[]): Promise<void> {
  const flags = parseFlags(SPECS, argv);
  if (flags === undefined) {
    process.stdout.write(`mesh-proxy wait waits until the proxy is ready.\n\nFlags:\n${flagHelp(SPECS)}`);
    return;
  }
  const number = (name: keyof typeof SPECS): number => {
    const value = Number(flags.text(name));
    if (Number.isInteger(value) && value > 0) return value;
    throw badFlag(name, flags.text(name) ?? '', 'a whole number above 0');
  };
  const text = flags.text('url') ?? '';
  const url = URL.parse(text);
  if (url?.protocol !== 'http:') throw badFlag('url', text, 'an http:// address');
  const address = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port === '' ? 80 : url.port),
  };
  const seconds = number('timeoutSeconds');
  const [timeout, period] = [number('requestTimeoutMillis'), number('periodMillis')];
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    let reason: string;
    try {
      const { status, body } = await askHttp(address, `${url.pathname}${url.search}`, { timeout });
      if (status === 200) return;
      reason = body.toString('utf8').trim();
    } catch (error) {
      reason = (error as Error).message;
    }
    if (Date.now() + period > end) {
      throw new MeshError('NotReady', `the proxy is not ready within ${seconds} seconds: ${reason}`);
    }
    await pause(period);
  }
}
