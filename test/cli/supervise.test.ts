import { afterAll, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { FakeEngines } from './fake-engine.ts';
import { firstError, run, runShell, start } from './run.ts';

const engines = new FakeEngines();
afterAll(() => engines.remove());

const SUPERVISE = ['--supervise', '-S', '--qemu'];

describe('vmattach as the parent of QEMU', () => {
  const state = engines.script(
    'state',
    String.raw`exec </dev/null
echo "parent $PPID"; echo fds /proc/$$/fd/*; grep -E '^(SigBlk|SigIgn)' /proc/self/status; echo "files $(ulimit -Sn)"
tr '\0' '\n' </proc/$$/environ | grep -E 'MARK|VMATTACH_ORDER'; printf '%s|' "$@"`,
  );

  test('gives it the streams, descriptors, signals, limits and words that it would have without', async () => {
    const line = (option: string): string =>
      `ulimit -Sn 1000; exec 9</dev/zero 23>/dev/null; { $VMATTACH ${option} --qemu ${state} -S -name 'a  b' "ü"; } 2>&1 | cat`;
    const plain = await runShell(line(''), { env: { MARK: 'x' } });
    const supervised = await runShell(line('--supervise'), { env: { MARK: 'x' } });
    const comparable = (text: string): string => text.replace(/^parent \d+$/m, '').replaceAll(/proc\/\d+/g, 'proc');
    expect(supervised.stdout).toContain('-S|-name|a  b|ü|');
    expect(comparable(supervised.stdout)).toBe(comparable(plain.stdout));
  });

  test('is its parent', async () => {
    const running = start([...SUPERVISE, state]);
    expect((await running.ended).stdout).toContain(`parent ${running.child.pid}\n`);
  });

  test.each([0, 1, 7, 255])('ends with its exit status %i', async (status) => {
    const outcome = await run([...SUPERVISE, engines.script(`exit${status}`, `exit ${status}`)]);
    expect(outcome.status).toBe(status);
    if (status === 0) expect(outcome.stderr).toBe('');
    else expect(firstError(outcome.stderr)).toContain(`exit${status} ended with exit status ${status}`);
  });

  test.each([
    ['KILL', 137],
    ['SEGV', 139],
    ['ABRT', 134],
  ])('ends as a shell does when SIG%s kills it', async (signal, status) => {
    const outcome = await run([...SUPERVISE, engines.script(signal, `kill -${signal} $$`)]);
    expect(outcome.status).toBe(status);
    expect(firstError(outcome.stderr)).toContain(`was killed by SIG${signal}`);
  });

  test('shows its last lines again with what they may mean, after they came through as they were', async () => {
    const talker = engines.script('talker', 'seq 1 20 >&2; printf "no line end" >&2; exit 3');
    const { stderr, stdout, status } = await run([...SUPERVISE, talker]);
    expect({ stdout, status }).toEqual({ stdout: '', status: 3 });
    expect(stderr).toMatch(/^1\n2\n3\n/);
    expect(stderr).toContain('  | 20\n  | no line end\n  cause: ');
    expect(stderr).not.toContain('  | 12\n');
  });

  test('lets what it says through while it runs', async () => {
    const running = start([...SUPERVISE, engines.script('slow', 'echo hello >&2; exec sleep 60')]);
    await running.saw('hello');
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ status: 143, stderr: 'hello\n' });
  });
});

describe('a signal', () => {
  const catcher = engines.script(
    'catcher',
    `for s in TERM INT HUP QUIT USR1 USR2 CONT ALRM PWR; do trap "echo got $s" $s; done
trap 'echo got TERM; exit 5' TERM; echo ready; while :; do sleep 0.02; done`,
  );

  test.each(['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGALRM', 'SIGPWR'] as const)(
    '%s is forwarded',
    async (signal) => {
      const running = start([...SUPERVISE, catcher]);
      await running.saw('ready');
      running.child.kill(signal);
      await running.saw(`got ${signal.slice(3)}`);
      running.child.kill('SIGTERM');
      const { status, stderr } = await running.ended;
      expect(status).toBe(5);
      expect(stderr).not.toContain('Debugger');
    },
  );

  test('that QEMU ends by is no failure', async () => {
    const running = start([...SUPERVISE, engines.script('sleeper', 'echo ready; exec sleep 60')]);
    await running.saw('ready');
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ status: 130, stderr: '' });
  });

  test.each([0, 20, 60, 120])('%i ms after the start ends everything', async (delay) => {
    const running = start([...SUPERVISE, engines.script('waiter', 'exec sleep 60')]);
    await new Promise((resolve) => setTimeout(resolve, delay));
    running.child.kill('SIGTERM');
    const { status, signal } = await running.ended;
    // Before Node runs our code, the signal's own effect; after that, what a shell shows.
    expect(signal ?? status).toSatisfy((end: unknown) => end === 'SIGTERM' || end === 143);
  });
});

test('QEMU lives on when vmattach is killed by SIGKILL', async () => {
  const survivor = engines.script('survivor', 'echo "pid $$"; exec sleep 60');
  const running = start([...SUPERVISE, survivor]);
  await running.saw('pid ');
  running.child.kill('SIGKILL');
  running.child.stdout?.destroy();
  const { stdout, signal } = await running.ended;
  expect(signal).toBe('SIGKILL');
  const pid = Number(/pid (\d+)/.exec(stdout)?.[1]);
  expect(process.kill(pid, 0)).toBe(true);
  process.kill(pid, 'SIGKILL');
});

describe('an engine that cannot be started', () => {
  test('because it is not there', async () => {
    expectClearError(await run([...SUPERVISE, '/nonexistent/qemu']), "no VMM engine for machine type 'pc'");
  });

  test('because it is no program: said once', async () => {
    const text = engines.script('text', '');
    await runShell(`printf hello > ${text}`);
    const outcome = await run([...SUPERVISE, text]);
    expectClearError(outcome, `cannot execute ${text}: Exec format error`);
    expect(outcome.stderr).not.toContain('ended with');
  });

  test('because it was ordered by nobody', async () => {
    expectClearError(await run(['#engine', '0']), '#engine 0: no engine was ordered');
    expectClearError(await run(['#engine', 'x']), '#engine x: no engine was ordered');
    expectClearError(await run(['#engine']), /no engine was ordered/);
  });
});

describe('what --supervise does not go with', () => {
  test.each(['--supervise', '--manage-devices'])('-daemonize and %s', async (option) => {
    expectClearError(await run([option, '-daemonize', '-S']), `-daemonize: -daemonize and ${option} exclude each other`);
  });

  test.each(['--supervise', '--pass-fds', '--run-as=nobody'])('-machine bare and %s', async (option) => {
    const name = option.replace('=nobody', '');
    expectClearError(await run(['-machine', 'bare', option]), `${option}: ${name} is not supported by -machine bare`);
  });

  test('the host of a model', async () => {
    const model = ['--host-model', 'examples/hosts/workstation.json'];
    expectClearError(await run([...model, '--supervise', '-S']), /cannot run on the host of a model/);
    expectClearError(await run([...model, '--manage-devices', '-machine', 'bare']), /drivers are bound on this host only/);
  });
});
