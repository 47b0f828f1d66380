import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Backoff } from '../../../src/base/backoff.ts';
import { Log } from '../../../src/base/log.ts';
import type { EngineExit, RunningEngine } from '../../../src/proxy/agent/engine.ts';
import { Supervisor } from '../../../src/proxy/agent/supervisor.ts';

/** An engine whose ends are decided by the test; it writes down what it is asked. */
class ScriptedEngine {
  readonly title = 'the engine';
  readonly asked: string[] = [];
  starts = 0;
  connections: (number | undefined | Error)[] = [];
  answers = true;
  #end: (exit: EngineExit) => void = () => undefined;
  #started: (() => void)[] = [];

  async start(): Promise<RunningEngine> {
    this.starts++;
    this.asked.push('start');
    const exited = new Promise<EngineExit>((resolve) => (this.#end = resolve));
    for (const tell of this.#started.splice(0)) tell();
    return {
      exited,
      answers: async () => this.answers,
      ready: async () => ({ isReady: true }),
      drain: async ({ inboundOnly }) => void this.asked.push(inboundOnly ? 'drain inbound' : 'drain'),
      activeConnections: async () => {
        this.asked.push('connections');
        const next = this.connections.shift();
        if (next instanceof Error) throw next;
        return next;
      },
      signal: (signal) => void this.asked.push(signal),
      stop: async () => {
        this.asked.push('stop');
        this.#end({ code: 0, signal: undefined, lastWords: '' });
      },
    };
  }

  ends(exit: Partial<EngineExit>): void {
    this.#end({ code: undefined, signal: undefined, lastWords: '', ...exit });
  }

  nextStart(): Promise<void> {
    return new Promise((resolve) => this.#started.push(resolve));
  }
}

interface Drains {
  readonly terminationDrainDuration?: number;
  readonly minimumDrainDuration?: number;
}

function supervise(engine: ScriptedEngine, drains: Drains = {}): { supervisor: Supervisor; log: string[] } {
  const log: string[] = [];
  const supervisor = new Supervisor({
    engine,
    bootstrapFile: 'bootstrap.json',
    inboundOnly: true,
    terminationDrainDuration: 0,
    minimumDrainDuration: undefined,
    ...drains,
    log: new Log('debug', (line) => void log.push(line)),
    connectionCheck: 1,
    settle: 0,
    backoff: new Backoff({ first: 1, max: 2 }),
  });
  return { supervisor, log };
}

/** Until the supervisor has seen that the engine answers. */
async function served(supervisor: Supervisor, engine: ScriptedEngine): Promise<void> {
  while (!supervisor.hasServed) await new Promise((resolve) => setImmediate(resolve));
  expect(engine.starts).toBeGreaterThan(0);
}

describe('an engine that ends by itself', () => {
  test('is started again, and the log says what it said last', async () => {
    const engine = new ScriptedEngine();
    const { supervisor, log } = supervise(engine);
    const running = supervisor.run();
    await served(supervisor, engine);
    const again = engine.nextStart();
    engine.ends({ signal: 'SIGKILL', lastWords: 'out of luck' });
    await again;
    expect(supervisor.restarts).toBe(1);
    expect(log.join('')).toContain('out of luck');
    await supervisor.end();
    await running;
    expect(engine.starts).toBe(2);
  });

  test('before it ever answered ends the agent, with its last words', async () => {
    const engine = new ScriptedEngine();
    engine.answers = false;
    const { supervisor } = supervise(engine);
    const started = engine.nextStart();
    const running = supervisor.run();
    await started;
    engine.ends({ code: 1, lastWords: 'no such field: adress' });
    await expect(running).rejects.toThrow('code 1 before it served: no such field: adress');
  });
});

describe('the end', () => {
  async function ended(
    engine: ScriptedEngine,
    drains: Drains,
    before: (supervisor: Supervisor) => unknown = () => 0,
  ) {
    const { supervisor } = supervise(engine, drains);
    const running = supervisor.run();
    await served(supervisor, engine);
    await before(supervisor);
    await supervisor.end();
    await running;
    expect(await supervisor.readiness()).toEqual({ isReady: false, reason: 'the proxy drains' });
    return engine.asked;
  }

  test('drains what comes in and then stops the engine', async () => {
    expect(await ended(new ScriptedEngine(), {})).toEqual(['start', 'drain inbound', 'stop']);
  });

  test('waits until nothing is connected, if it is to', async () => {
    const engine = new ScriptedEngine();
    engine.connections = [2, new Error('busy'), 0];
    expect(await ended(engine, { minimumDrainDuration: 0 })).toEqual([
      'start',
      'drain inbound',
      'connections',
      'connections',
      'connections',
      'stop',
    ]);
  });

  test('does not wait for an engine that never says how many connections it has', async () => {
    const engine = new ScriptedEngine();
    engine.connections = Array.from({ length: 9 }, () => new Error('busy'));
    const asked = await ended(engine, { minimumDrainDuration: 0 });
    expect(asked.filter((one) => one === 'connections')).toHaveLength(5);
  });

  test('comes at once after an order to drain', async () => {
    const drains = { terminationDrainDuration: 3_600_000 };
    expect(await ended(new ScriptedEngine(), drains, (one) => one.drainNow())).toEqual([
      'start',
      'drain inbound',
      'stop',
    ]);
  });

  test('comes at once after an order to quit, and with a second signal', async () => {
    const drains = { terminationDrainDuration: 3_600_000 };
    expect(await ended(new ScriptedEngine(), drains, (one) => one.skipDrain())).toEqual(['start', 'stop']);
    const asked = await ended(new ScriptedEngine(), drains, (one) => void one.end());
    expect(asked.at(-1)).toBe('stop');
  });

  test('comes early when the engine ends while it drains', async () => {
    const engine = new ScriptedEngine();
    const { supervisor } = supervise(engine, { terminationDrainDuration: 3_600_000 });
    const running = supervisor.run();
    await served(supervisor, engine);
    const end = supervisor.end();
    engine.ends({ code: 0 });
    await Promise.all([end, running]);
    expect(engine.starts).toBe(1);
  });
});

test('signals are passed on', async () => {
  const engine = new ScriptedEngine();
  const { supervisor } = supervise(engine);
  const running = supervisor.run();
  await served(supervisor, engine);
  supervisor.signal('SIGUSR1');
  await supervisor.end();
  await running;
  expect(engine.asked).toContain('SIGUSR1');
});

const RUN = `
  import { Log } from './src/base/log.ts';
  import { Supervisor } from './src/proxy/agent/supervisor.ts';
  const ended = Promise.withResolvers();
  const running = {
    exited: ended.promise,
    answers: async () => true,
    drain: async () => undefined,
    stop: async () => ended.resolve({ code: 0, signal: undefined, lastWords: '' }),
  };
  const supervisor = new Supervisor({
    engine: { title: 'the engine', start: async () => running },
    bootstrapFile: '',
    inboundOnly: false,
    terminationDrainDuration: 3_600_000,
    minimumDrainDuration: undefined,
    log: new Log('off', () => undefined),
  });
  void supervisor.run();
  await new Promise(setImmediate);
  void supervisor.end();
  await supervisor.end();
`;

test('a second call for the end leaves nothing that the program would wait for', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', RUN], { stdio: 'inherit' });
  try {
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
}, 60_000);
