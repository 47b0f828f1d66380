/**
 * A network of a test's own, in which any address can be had and connections are redirected to a sidecar as
 * injection's init container has them redirected. Needs Linux, root and iptables.
 */

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Group of proxies of workloads: what they send is not redirected. */
export const SIDECAR_GROUP = 1337;
/** Group of gateways: what they send to the workload that has a sidecar is redirected into that. */
export const GATEWAY_GROUP = 1338;

export interface NetworkOptions {
  /** Addresses that programs can listen on. */
  readonly addresses: readonly string[];
  /** The workload that has the sidecar: connections to it go to port 15006, all others to 15001. */
  readonly workload?: string;
  /** Further commands of the shell that make it, as rules of iptables. */
  readonly commands?: readonly string[];
  /** A file that programs in it have as /etc/hosts: what names mean to them. */
  readonly hostsFile?: string;
}

/** Why there can be no such network here; undefined when there can. */
export function networkProblem(): string | undefined {
  if (process.platform !== 'linux') return 'Linux';
  if (process.getuid?.() !== 0) return 'root';
  if (findIptables() === undefined) return 'iptables';
  for (const program of ['unshare', 'nsenter', 'setpriv', 'ip']) {
    if (spawnSync(program, ['--help'], { stdio: 'ignore' }).error !== undefined) return program;
  }
  return undefined;
}

/** Where iptables is. */
export function findIptables(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, 'iptables')).find((file) => existsSync(file));
}

export class Network {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Makes it; it goes when it is closed, or when this process ends. */
  static async open(options: NetworkOptions): Promise<Network> {
    const holder = spawn(
      'unshare',
      ['--net', '--mount', 'sh', '-ec', `${setUp(options)}\necho made\nexec cat`],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    let said = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', () => reject(new Error(`the network cannot be made: ${said}`)));
    });
    return new Network(holder);
  }

  /** Starts a program in it, as root, of a group that decides whether what it sends is redirected. */
  spawn(argv: readonly string[], options: SpawnOptions & { readonly group?: number } = {}): ChildProcess {
    const { group, ...rest } = options;
    const spaces = `/proc/${this.#holder.pid}/ns`;
    const inside = ['nsenter', `--net=${spaces}/net`, `--mount=${spaces}/mnt`, `--wd=${process.cwd()}`];
    const as = group === undefined ? [] : ['setpriv', `--regid=${group}`, '--clear-groups'];
    const [program = '', ...args] = [...inside, ...as, ...argv];
    return spawn(program, args, rest);
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.stdin?.end();
    await gone;
  }
}

function setUp({ addresses, workload, hostsFile, commands = [] }: NetworkOptions): string {
  const iptables = findIptables() ?? 'iptables';
  const rule = (words: string): string => `${iptables} -w -t nat -A OUTPUT -p tcp ${words}`;
  return [
    ...(hostsFile === undefined ? [] : [`mount --bind '${hostsFile}' /etc/hosts`]),
    'ip link set lo up',
    'ip route add default dev lo',
    ...addresses.map((address) => `ip address add ${address}/${address.includes(':') ? 128 : 32} dev lo`),
    ...(workload === undefined
      ? []
      : [
          rule(`-m owner --gid-owner ${SIDECAR_GROUP} -j RETURN`),
          rule('-d 127.0.0.0/8 -j RETURN'),
          rule(`-d ${workload} -j REDIRECT --to-ports 15006`),
          rule(`-m owner --gid-owner ${GATEWAY_GROUP} -j RETURN`),
          rule('-j REDIRECT --to-ports 15001'),
        ]),
    ...commands,
  ].join('\n');
}
