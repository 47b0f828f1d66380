/** Steps on a terminal, drawn anew as they go on. */

import { Box, render, Text } from 'ink';
import { createElement, useEffect, useState, useSyncExternalStore } from 'react';
import type { Step, Steps, StepState } from './steps.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

const SIGNS: Readonly<Record<Exclude<StepState, 'working'>, readonly [sign: string, colour: string]>> = {
  waiting: ['·', 'gray'],
  done: ['✔', 'green'],
  failed: ['✘', 'red'],
};

/** Shows the steps on this stream until the function that it returns is called, which leaves the last state there. */
export function showSteps(steps: Steps, stream: NodeJS.WriteStream, colour: boolean): () => void {
  const app = render(createElement(StepList, { steps, colour }), {
    stdout: stream,
    // Ctrl-C must end the command as ever.
    exitOnCtrlC: false,
    patchConsole: false,
    // Whoever calls this has found a terminal; ink would rather believe the variable CI.
    interactive: true,
  });
  return () => {
    // What was told a moment ago may not have been drawn yet.
    app.rerender(createElement(StepList, { steps, colour }));
    app.unmount();
  };
}

function StepList({ steps, colour }: { readonly steps: Steps; readonly colour: boolean }) {
  const all = useSyncExternalStore(
    (changed) => steps.listen(changed),
    () => steps.all,
  );
  const frame = useFrame(all.some(({ state }) => state === 'working'));
  return createElement(
    Box,
    { flexDirection: 'column' },
    ...all.map((step) => createElement(StepLine, { key: step.id, step, frame, colour })),
  );
}

function StepLine({
  step,
  frame,
  colour,
}: {
  readonly step: Step;
  readonly frame: string;
  readonly colour: boolean;
}) {
  const [sign, paint] = step.state === 'working' ? [frame, 'yellow'] : SIGNS[step.state];
  return createElement(
    Text,
    { wrap: 'truncate-end' },
    createElement(Text, colour ? { color: paint } : {}, `${sign} `),
    step.title,
    step.detail === '' ? '' : createElement(Text, { dimColor: colour }, `: ${step.detail}`),
  );
}

/** A sign that turns while something is being done. */
function useFrame(isTurning: boolean): string {
  const [index, setIndex] = useState(0);
  useEffect(() => {
    if (!isTurning) return undefined;
    const timer = setInterval(() => setIndex((last) => (last + 1) % FRAMES.length), FRAME_MS);
    return () => clearInterval(timer);
  }, [isTurning]);
  return FRAMES[index] ?? '';
}
