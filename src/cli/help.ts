/** Help texts, made from the metadata of commands. */

import type {
  ArgSpec,
  CommandEntry,
  CommandMetadata,
  FlagSpec,
  FlagSpecs,
  GroupMetadata,
} from './command.ts';
import { GLOBAL_FLAGS, IGNORED_FLAGS } from './global-flags.ts';
import { childrenOf } from './resolve.ts';

const WIDTH = 100;

const ROOT: GroupMetadata = {
  path: [],
  summary: 'A service mesh that speaks the configuration API of Istio',
  description:
    'mesh installs and looks into a service mesh that speaks the API of Istio, and checks, explains and analyzes ' +
    'its configuration. What works on files, folders and standard input needs no cluster.',
};

const ROOT_EXAMPLES = [
  { text: 'Check files against the API, as the control plane would', command: 'mesh validate -f manifests/' },
  {
    text: 'Find mistakes that only show between objects',
    command: 'mesh analyze --use-kube=false manifests/',
  },
  { text: 'Install the mesh, seeing first what changes', command: 'mesh install --set profile=demo' },
  { text: 'What may stand in a field?', command: 'mesh explain VirtualService.spec.http.retries' },
];

/** The text of `mesh COMMAND --help`. */
export function commandHelp(metadata: CommandMetadata): string {
  const name = ['mesh', ...metadata.path].join(' ');
  const usage = [name, ...metadata.args.map(argumentText), '[flags]'].join(' ');
  const aliases = (metadata.aliases ?? []).map((alias) =>
    ['mesh', ...metadata.path.slice(0, -1), alias].join(' '),
  );
  const former = (metadata.formerly ?? []).map((path) => ['mesh', ...path].join(' '));
  const own = Object.fromEntries(Object.entries(metadata.flags).filter(([, spec]) => spec.hidden !== true));
  const global = Object.fromEntries(
    Object.entries(GLOBAL_FLAGS as FlagSpecs).filter(
      ([flag, spec]) => spec.hidden !== true && metadata.flags[flag] === undefined,
    ),
  );
  return sections([
    [undefined, wrap(metadata.description, '')],
    ['Usage', `  ${usage}`],
    ['Also known as', [...aliases, ...former].map((alias) => `  ${alias}`).join('\n')],
    ['Arguments', table(metadata.args.map((arg) => [`  ${arg.name}`, describeArgument(arg)]))],
    ['Examples', examplesText(metadata.examples)],
    ['Flags', flagTable(own)],
    ['Flags of every command', flagTable(global)],
    [
      'Exit codes',
      table(Object.entries(metadata.exitCodes).map(([code, meaning]) => [`  ${code}`, meaning])),
    ],
  ]);
}

/** The text of `mesh --help`, and of a word that only leads to other commands. */
export function groupHelp(
  path: readonly string[],
  commands: readonly CommandEntry[],
  groups: readonly GroupMetadata[],
): string {
  const group = groups.find((candidate) => candidate.path.join(' ') === path.join(' ')) ?? ROOT;
  const name = ['mesh', ...path].join(' ');
  const children = childrenOf(path, commands, groups);
  const former = commands
    .filter((entry) => entry.formerly.some((old) => old.slice(0, -1).join(' ') === path.join(' ')))
    .map((entry) => [
      `  ${entry.path.at(-1)}`,
      `${entry.summary} (the same as "mesh ${entry.path.join(' ')}")`,
    ]);
  const rows = [
    ...children.map((child) => [`  ${child.name}`, child.summary]),
    ...(path.length > 0 ? former : []),
  ];
  const visible = Object.fromEntries(
    Object.entries(GLOBAL_FLAGS as FlagSpecs).filter(([, spec]) => !spec.hidden),
  );
  return sections([
    [undefined, wrap(group.description, '')],
    ['Usage', `  ${name} COMMAND [flags]`],
    ['Also known as', (group.aliases ?? []).map((alias) => `  mesh ${alias}`).join('\n')],
    ['Commands', table(rows)],
    ['Examples', path.length === 0 ? examplesText(ROOT_EXAMPLES) : ''],
    ['Flags of every command', flagTable(visible)],
    [undefined, `Run "${name} COMMAND --help" for more about a command.`],
  ]);
}

/** The text of `mesh options`: flags that every command takes, the hidden ones too. */
export function optionsHelp(): string {
  return sections([
    ['Flags that every command takes', flagTable(GLOBAL_FLAGS)],
    ['Flags of istioctl that are accepted and change nothing', flagTable(IGNORED_FLAGS)],
  ]);
}

function sections(parts: readonly (readonly [string | undefined, string])[]): string {
  return parts
    .filter(([, body]) => body !== '')
    .map(([title, body]) => (title === undefined ? `${body}\n` : `${title}:\n${body}\n`))
    .join('\n');
}

function argumentText(arg: ArgSpec): string {
  const text = arg.repeated === true ? `${arg.name}...` : arg.name;
  return arg.optional === true ? `[${text}]` : text;
}

function describeArgument(arg: ArgSpec): string {
  return arg.values === undefined ? arg.description : `${arg.description}: ${arg.values.join(', ')}`;
}

function examplesText(examples: CommandMetadata['examples']): string {
  return examples.map(({ text, command }) => `  # ${text}\n  ${command}`).join('\n\n');
}

function flagTable(flags: FlagSpecs): string {
  return table(
    Object.entries(flags)
      .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .map(([name, spec]) => {
        const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
        const value =
          spec.type === 'boolean' ? '' : spec.type === 'string' && spec.bare !== undefined ? '[=WHEN]' : '';
        const word = spec.type === 'boolean' || value !== '' ? value : ` ${spec.value ?? 'VALUE'}`;
        return [`  ${short}--${name}${word}`, describeFlag(spec)];
      }),
  );
}

function describeFlag(spec: FlagSpec): string {
  const notes: string[] = [];
  if (spec.values !== undefined && !spec.description.includes(spec.values[0] ?? '')) {
    notes.push(`one of ${spec.values.join(', ')}`);
  }
  if (spec.default !== undefined && spec.default !== '' && spec.default !== false) {
    notes.push(`default ${Array.isArray(spec.default) ? spec.default.join(',') : String(spec.default)}`);
  }
  return notes.length === 0 ? spec.description : `${spec.description} (${notes.join('; ')})`;
}

/** Two columns; the second is wrapped. */
function table(rows: readonly (readonly string[])[]): string {
  const left = Math.min(34, Math.max(0, ...rows.map(([first = '']) => first.length)) + 2);
  return rows
    .map(([first = '', second = '']) => {
      const text = wrap(second, ' '.repeat(left)).trimStart();
      return first.length + 2 > left
        ? `${first}\n${' '.repeat(left)}${text}`
        : `${first.padEnd(left)}${text}`;
    })
    .join('\n');
}

/** Breaks lines at spaces; line breaks of the text stay. */
function wrap(text: string, indent: string): string {
  return text
    .split('\n')
    .map((paragraph) => {
      const lines: string[] = [];
      let line = '';
      for (const word of paragraph.split(' ')) {
        if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
          lines.push(line);
          line = word;
        } else {
          line = line === '' ? word : `${line} ${word}`;
        }
      }
      return [...lines, line].map((part) => (part === '' ? '' : indent + part)).join('\n');
    })
    .join('\n');
}
