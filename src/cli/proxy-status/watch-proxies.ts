/** `mesh proxy-status --watch`: the list again and again, until it is interrupted. */

import { setTimeout as wait } from 'node:timers/promises';
import { MeshError } from '../../base/mesh-error.ts';
import { timeoutSignal } from '../cluster.ts';
import type { StatusInvocation } from '../commands/proxy-status.ts';
import { type Context, wantsColour } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { askProxies, nothingStale, type ProxyList } from './list-proxies.ts';
import { statusTable } from './tables.ts';

/** Milliseconds between two questions. */
const INTERVAL = 2_000;

/**
 * Draws the list anew on a terminal; elsewhere writes the rows of proxies that are new or different. A control plane
 * that goes away is told of, and asked again. Throws a `MeshError` when it cannot be asked the first time.
 */
export async function watchProxies(invocation: StatusInvocation, context: Context): Promise<number> {
  const { flags } = invocation;
  if (flags.output !== 'table') {
    throw new MeshError('BadFlagValue', '--watch shows a table, and cannot be combined with --output');
  }
  const stopping = context.interrupted();
  const display = await displayOf(flags, context);
  let isFirst = true;
  try {
    while (!stopping.aborted) {
      try {
        const signal = AbortSignal.any([stopping, timeoutSignal(flags.timeout)]);
        const list = await askProxies(invocation, context, signal);
        display.show(list, list.notes);
      } catch (error) {
        if (stopping.aborted) break;
        if (isFirst || !(error instanceof MeshError)) throw error;
        display.show(undefined, [error.message]);
      }
      isFirst = false;
      await wait(INTERVAL, undefined, { signal: stopping }).catch(() => undefined);
    }
  } finally {
    display.end();
  }
  return EXIT.ok;
}

interface Display {
  /** The newest list, or undefined where it could not be had, and what there is to say of it. */
  show(list: ProxyList | undefined, notes: readonly string[]): void;
  end(): void;
}

type Flags = StatusInvocation['flags'];

async function displayOf(flags: Flags, context: Context): Promise<Display> {
  const { stdout, env } = context;
  // Only the process's own stream can be drawn on.
  if (!stdout.isTTY || stdout.stream === undefined || env['TERM'] === 'dumb') return lines(flags, context);
  const { showText } = await import('../../ui/terminal/text-view.ts');
  const view = showText(stdout.stream, wantsColour('auto', env, stdout));
  let text = '';
  return {
    show(list, notes) {
      if (list !== undefined) {
        const isFine = flags.stale && list.shown.length === 0;
        text = isFine ? nothingStale(list.all) : statusTable(list.shown, flags, context.now());
      }
      view.update(text, notes);
    },
    end: () => view.end(),
  };
}

function lines(flags: Flags, { stdout, stderr, now }: Context): Display {
  let states: ReadonlyMap<string, string> | undefined;
  let told = '';
  const tell = (words: readonly string[]): void => {
    const text = words.map((word) => `${word}\n`).join('');
    if (text !== told) stderr.write(text);
    told = text;
  };
  return {
    show(list, notes) {
      const isFine = list !== undefined && flags.stale && list.shown.length === 0;
      tell([...notes.map((note) => `Note: ${note}`), ...(isFine ? [nothingStale(list.all)] : [])]);
      if (list === undefined) return;
      const before = states;
      states = new Map(list.shown.map((state) => [state.name, JSON.stringify(state)]));
      const changed = list.shown.filter((state) => before?.get(state.name) !== JSON.stringify(state));
      const table = statusTable(changed, flags, now());
      if (before === undefined && !isFine) stdout.write(table);
      else if (changed.length > 0) stdout.write(table.slice(table.indexOf('\n') + 1));
    },
    end: () => undefined,
  };
}
