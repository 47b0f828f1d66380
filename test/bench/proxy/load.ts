/** Load on one proxy, and what it costs: CPU time of the proxy's process for each request. */

import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { BenchTools } from '../../peers/bench-tools.ts';
import { TARGET } from './bootstrap.ts';
import { LOAD_CORE, type Running, cpuSeconds } from './processes.ts';

export interface Cost {
  readonly microseconds: number;
  readonly requests: number;
}

async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn('taskset', ['-c', LOAD_CORE, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ends with code ${String(code)}: ${text}`);
  return text;
}

function wrk(
  tools: BenchTools,
  port: number,
  path: string,
  seconds: number,
  connections = 64,
): Promise<string> {
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '-H',
    `Host: ${TARGET}`,
    '-H',
    'end-user: nobody',
  ];
  return run(tools.wrk, [...args, `http://127.0.0.1:${port}${path}`], tools.env);
}

function wrkRequests(text: string): number {
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  if (failed !== null) throw new Error(`${failed[1]} requests fail`);
  return Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
}

/** Requests for one service after the other; `pace`: milliseconds that each connection waits before each. */
export async function everyService(
  tools: BenchTools,
  { port }: Running,
  seconds: number,
  services: number,
  folder: string,
  pace = 0,
): Promise<number> {
  const script = `${folder}/every-service.lua`;
  writeFileSync(
    script,
    [
      'local count = 0',
      'request = function()',
      `  count = (count + 1) % ${services}`,
      '  local host = "svc" .. count .. ".shop.svc.cluster.local"',
      '  return wrk.format("GET", "/small", { Host = host, ["end-user"] = "nobody" })',
      'end',
      pace === 0 ? '' : `delay = function() return ${pace} end`,
    ].join('\n'),
  );
  const args = ['-t1', '-c64', `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}/`];
  return wrkRequests(await run(tools.wrk, args, tools.env));
}

/** Requests of HTTP/1.1 on 64 connections that stay open. */
export async function http1Cost(
  tools: BenchTools,
  { pid }: Running,
  port: number,
  seconds: number,
): Promise<Cost> {
  await wrk(tools, port, '/small', Math.max(2, Math.floor(seconds / 2)));
  const before = cpuSeconds(pid);
  const requests = wrkRequests(await wrk(tools, port, '/small', seconds));
  return { microseconds: ((cpuSeconds(pid) - before) * 1e6) / requests, requests };
}

/** Bytes a second of large bodies. */
export async function largeRate(tools: BenchTools, { port }: Running, seconds: number): Promise<number> {
  const text = await wrk(tools, port, '/large', seconds, 8);
  const found = /Transfer\/sec:\s+([\d.]+)([KMG]?)B/.exec(text);
  const unit = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[found?.[2] ?? ''] ?? 1;
  return Number(found?.[1] ?? 0) * unit;
}

/** Requests of HTTP/2, ten at a time on each of eight connections; `body` makes them as gRPC calls are. */
export async function http2Cost(
  tools: BenchTools,
  { pid, port }: Running,
  seconds: number,
  headers: readonly string[] = [],
): Promise<Cost> {
  const args = ['-c8', '-m10', '-t1', ...headers.flatMap((header) => ['-H', header])];
  const url = `http://127.0.0.1:${port}/small`;
  const all = (duration: number) =>
    run(tools.h2load, [...args, `-D${duration}`, '-H', `:authority: ${TARGET}`, url], tools.env);
  await all(Math.max(2, Math.floor(seconds / 2)));
  const before = cpuSeconds(pid);
  const text = await all(seconds);
  const requests = Number(/(\d+) succeeded/.exec(text)?.[1] ?? 0);
  return { microseconds: ((cpuSeconds(pid) - before) * 1e6) / requests, requests };
}

/** The 99th percentile in milliseconds at a thousand requests a second, of a proxy that is warm as for the other measures. */
export async function latencyP99(
  tools: BenchTools,
  { port }: Running,
  seconds: number,
  folder: string,
): Promise<number> {
  await wrk(tools, port, '/small', Math.max(2, Math.floor(seconds / 2)));
  const log = `${folder}/latency`;
  rmSync(log, { force: true });
  const args = ['--h1', '-c10', '-t1', '--rps', '100', `-D${seconds}`, `--log-file=${log}`];
  await run(tools.h2load, [...args, '-H', `Host: ${TARGET}`, `http://127.0.0.1:${port}/small`], tools.env);
  const times = readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => Number(line.split('\t')[2]))
    .filter((time) => time > 0)
    .sort((a, b) => a - b);
  return (times[Math.floor(times.length * 0.99)] ?? Number.NaN) / 1000;
}
