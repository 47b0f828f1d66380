/** A text on a terminal that is drawn anew whenever it changes. */

import { Box, render, Text } from 'ink';
import { createElement } from 'react';

export interface TextView {
  /** Draws the text, as far as the terminal has lines for it, and the notes below. */
  update(text: string, notes: readonly string[]): void;
  /** Leaves the last state there. */
  end(): void;
}

/** Lines that are left free, for the prompt and for what is said of rows that have no room. */
const SPARE = 2;
const USUAL_ROWS = 24;

export function showText(stream: NodeJS.WriteStream, colour: boolean): TextView {
  const app = render(createElement(Box), {
    stdout: stream,
    // Ctrl-C must end the command as ever.
    exitOnCtrlC: false,
    patchConsole: false,
    // Whoever calls this has found a terminal; ink would rather believe the variable CI.
    interactive: true,
  });
  return {
    update(text, notes) {
      const lines = text.replace(/\n$/, '').split('\n');
      // Some terminals do not say how large they are.
      const rows = stream.rows > 0 ? stream.rows : USUAL_ROWS;
      const room = Math.max(1, rows - SPARE - notes.length);
      const more = lines.length - room;
      app.rerender(
        createElement(
          Box,
          { flexDirection: 'column' },
          ...lines.slice(0, room).map((line, index) => row(String(index), line)),
          ...(more > 0 ? [row('more', `… and ${more} more`)] : []),
          ...notes.map((note) => row(`note ${note}`, `Note: ${note}`, colour ? 'yellow' : undefined)),
        ),
      );
    },
    end: () => app.unmount(),
  };
}

function row(key: string, text: string, color?: string) {
  return createElement(Text, { key, wrap: 'truncate-end', ...(color !== undefined && { color }) }, text);
}
