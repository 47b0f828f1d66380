/** `mesh completion SHELL`: a script that teaches the shell to complete `mesh`. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';

export const metadata = {
  path: ['completion'],
  summary: 'Print a completion script for a shell',
  description:
    'Prints a script with which the shell completes commands, flags, values of flags, kinds, codes, analyzers ' +
    'and files, and names that a cluster has. The script asks mesh itself, so it need not be renewed with a new version.',
  examples: [
    { text: 'bash, from now on', command: "echo 'source <(mesh completion bash)' >> ~/.bashrc" },
    { text: 'zsh, from now on', command: 'mesh completion zsh > "${fpath[1]}/_mesh"' },
    { text: 'fish, from now on', command: 'mesh completion fish > ~/.config/fish/completions/mesh.fish' },
    {
      text: 'PowerShell, this session',
      command: 'mesh completion powershell | Out-String | Invoke-Expression',
    },
  ],
  args: [{ name: 'SHELL', description: 'The shell', values: ['bash', 'zsh', 'fish', 'powershell'] }],
  flags: {},
  exitCodes: { 0: 'The script was printed', 2: 'There is no script for that shell' },
} as const satisfies CommandMetadata;

export async function run({ args }: Invocation, { stdout }: Context): Promise<number> {
  const { SHELL_SCRIPTS } = await import('../completion/shell-scripts.ts');
  const [shell = ''] = args;
  stdout.write(Object.hasOwn(SHELL_SCRIPTS, shell) ? SHELL_SCRIPTS[shell as keyof typeof SHELL_SCRIPTS] : '');
  return 0;
}
