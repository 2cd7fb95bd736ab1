import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Session } from '../../src/backends/session.ts';
import type { Step } from '../../src/backends/step.ts';
import { createSimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import { Executor, StepFailure } from '../../src/machine/executor.ts';
import { SERVER, WORKSTATION } from '../plan/hosts.ts';
import { planOf } from '../plan/planning.ts';
import { attach, SCENARIOS } from './attaching.ts';

/** Steps that note what is done to them. */
const recorder = () => {
  const events: string[] = [];
  const step = (id: string, after: readonly string[] = [], more: Partial<Step> = {}): Step => ({
    id,
    call: 'none',
    subject: id,
    after,
    run: () => void events.push(`+${id}`),
    undo: () => void events.push(`-${id}`),
    ...more,
  });
  return { events, step };
};

const executor = () => new Executor(new Session(createSimulatedKernel(WORKSTATION)));

const fail = (): never => {
  throw new Error('no');
};

const outcomeOf = async (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('Executor', () => {
  test('keeps a record of each step in the order of completion, with its time', async () => {
    const { step } = recorder();
    const runner = executor();
    await runner.run([step('slow', [], { run: async () => wait(20) }), step('fast')]);
    expect(runner.records.map((record) => record.step.id)).toEqual(['fast', 'slow']);
    for (const { started, ended } of runner.records) expect(ended).toBeGreaterThanOrEqual(started);
    expect(runner.records[1]?.ended).toBeGreaterThan(15);
  });

  test('undoes in the reverse order of completion, each step once', async () => {
    const { events, step } = recorder();
    const runner = executor();
    await runner.run([step('a'), step('b', ['a']), step('c', ['b'])]);
    expect(await runner.undo()).toEqual([]);
    expect(await runner.undo()).toEqual([]);
    expect(events).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  });

  test('undoes what was done when a step fails, but not that step', async () => {
    const { events, step } = recorder();
    const outcome = await outcomeOf(executor().run([step('a'), step('b', ['a'], { run: fail }), step('c', ['b'])]));
    expect(outcome).toBeInstanceOf(StepFailure);
    expect(outcome).toMatchObject({ step: { id: 'b' }, leftBehind: [], cause: new Error('no') });
    expect(events).toEqual(['+a', '-a']);
  });

  test('undoes a step that was under way when another failed, after it has ended', async () => {
    const { events, step } = recorder();
    const slow = step('slow', [], {
      run: async () => {
        await wait(20);
        events.push('+slow');
      },
    });
    await outcomeOf(executor().run([slow, step('bad', [], { run: fail })]));
    expect(events).toEqual(['+slow', '-slow']);
  });

  test('goes on undoing after an undo that fails, and says what is left', async () => {
    const { events, step } = recorder();
    const outcome = await outcomeOf(
      executor().run([step('a'), step('b', ['a'], { undo: fail }), step('c', ['b']), step('d', ['c'], { run: fail })]),
    );
    expect(outcome).toMatchObject({ step: { id: 'd' }, leftBehind: [{ step: { id: 'b' }, error: new Error('no') }] });
    expect(events).toEqual(['+a', '+b', '+c', '-c', '-a']);
  });

  test('asks a step what its failure means before anything is undone', async () => {
    const { events, step } = recorder();
    const bad = step('b', ['a'], {
      run: () => {
        throw new SystemCallError('open', 13, '/dev/iommu');
      },
      explain: (reason) => ({ message: `${reason} after ${events.join(' ')}` }),
    });
    expect(await outcomeOf(executor().run([step('a'), bad]))).toMatchObject({ text: { message: 'Permission denied after +a' } });
  });

  test('stops at a signal between steps, undoes, and throws its reason', async () => {
    const { events, step } = recorder();
    const controller = new AbortController();
    const reason = new Error('terminating');
    const stopping = step('b', ['a'], {
      run: () => {
        events.push('+b');
        controller.abort(reason);
      },
    });
    expect(await outcomeOf(executor().run([step('a'), stopping, step('c', ['b'])], controller.signal))).toBe(reason);
    expect(events).toEqual(['+a', '+b', '-b', '-a']);
  });

  test('says after a signal what could not be undone', async () => {
    const { step } = recorder();
    const controller = new AbortController();
    const stopping = step('b', ['a'], { run: () => controller.abort() });
    await expect(executor().run([step('a', [], { undo: fail }), stopping], controller.signal)).rejects.toMatchObject({
      problem: { code: 'SYSTEM_CALL', message: 'could not detach completely: a', cause: 'a: no' },
    });
  });
});

describe('an attach that is stopped', () => {
  test.each(SCENARIOS.filter(({ host }) => host.fds === undefined))(
    'at any moment leaves nothing: $what',
    async ({ line, host }) => {
      const { length } = (await attach(line, host)).plan.steps;
      for (let stopAfter = 0; stopAfter <= length; stopAfter += 1) {
        const controller = new AbortController();
        const kernel = createSimulatedKernel(host);
        const plan = planOf(line, host);
        let done = 0;
        const steps = plan.steps.map((step): Step => ({
          ...step,
          run: async (session) => {
            await step.run(session);
            done += 1;
            if (done === stopAfter) controller.abort(new Error('stop'));
          },
        }));
        if (stopAfter === 0) controller.abort(new Error('stop'));
        const outcome = await outcomeOf(BareMachine.attach({ ...plan, steps }, kernel, () => host, controller.signal));
        expect(outcome, `after ${stopAfter} steps`).toEqual(new Error('stop'));
        expect(kernel.leftovers(), `after ${stopAfter} steps`).toEqual([]);
      }
    },
  );
});

describe('attaching in parallel', () => {
  const functions = (type: string): string =>
    Array.from({ length: 16 }, (_, index) => `-device ${type},host=41:0${2 + (index >> 3)}.${index & 7}`).join(' ');

  test.each([
    ['vfio-iommu-pci', 'VFIO_DEVICE_BIND_IOMMUFD'],
    ['vfio-pci', 'VFIO_GROUP_GET_DEVICE_FD'],
  ])('16 %s devices that take 50 ms to reset take not much more than one', async (type, call) => {
    const { machine } = await attach(functions(type), SERVER, { latency: (ioctl) => (ioctl === call ? 50 : 0) });
    const resets = machine.records.filter(({ step }) => step.call === call);
    expect(resets).toHaveLength(16);
    const first = Math.min(...resets.map(({ started }) => started));
    const last = Math.max(...resets.map(({ ended }) => ended));
    expect(last - first).toBeLessThan((16 * 50) / 2);
    expect(Math.max(...resets.map(({ started }) => started))).toBeLessThan(Math.min(...resets.map(({ ended }) => ended)));
  });

  test('type1 maps RAM while the device is still being reset', async () => {
    const { machine } = await attach('-m 4G -device vfio-pci,host=41:02.0', SERVER, {
      latency: (ioctl) => (ioctl === 'VFIO_GROUP_GET_DEVICE_FD' ? 50 : 0),
    });
    const ended = (call: string) => machine.records.filter(({ step }) => step.call === call).map((record) => record.ended);
    expect(Math.max(...ended('VFIO_IOMMU_MAP_DMA'))).toBeLessThan(Math.min(...ended('VFIO_GROUP_GET_DEVICE_FD')));
  });
});
