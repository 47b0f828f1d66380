/** Commands of istioctl that make no sense here: each says so, names what to use, and that exists. */

import { describe, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/generated/commands.ts';
import { OTHER_COMMANDS } from '../../src/cli/other-commands.table.ts';
import { resolveCommand } from '../../src/cli/resolve.ts';
import { runMesh } from './run-mesh.ts';

describe('commands of istioctl that make no sense here', () => {
  test.each(Object.entries(OTHER_COMMANDS))(
    'mesh %s, whatever its flags',
    async (typed, { why, instead }) => {
      const { code, stderr } = await runMesh([...typed.split(' '), '--some-flag', 'x']);
      expect([code, stderr]).toEqual([2, `Error: there is no "mesh ${typed}": ${why}\n  ${instead}\n`]);
      for (const [, named = ''] of instead.matchAll(/\bmesh ((?:[a-z-]+ ?)+)/g)) {
        expect(resolveCommand(named.trim().split(' '), COMMANDS, GROUPS).kind).toBe('command');
      }
    },
  );

  test('are none that there are', () => {
    for (const typed of Object.keys(OTHER_COMMANDS)) {
      expect(() => resolveCommand(typed.split(' '), COMMANDS, GROUPS), typed).toThrow();
    }
  });
});
