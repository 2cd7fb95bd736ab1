import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/backends/step.ts';
import { VmattachError } from '../../src/errors/problem.ts';
import { runGraph } from '../../src/machine/run-graph.ts';

const step = (id: string, after: readonly string[] = []): Step => ({ id, call: 'none', subject: id, after, run: () => undefined });

const never = (): boolean => false;

/** A graph without circles: step N waits for some of those before it. In the list the steps stand in any order. */
const graphs = fc
  .array(fc.record({ waits: fc.array(fc.nat(), { maxLength: 4 }), delay: fc.integer({ min: 0, max: 3 }), key: fc.nat() }), {
    maxLength: 25,
  })
  .map((nodes) => ({
    steps: nodes
      .map(({ waits, key }, index) => ({
        key,
        step: step(`s${index}`, index === 0 ? [] : [...new Set(waits.map((wanted) => `s${wanted % index}`))]),
      }))
      .toSorted((a, b) => a.key - b.key)
      .map((entry) => entry.step),
    delays: new Map(nodes.map(({ delay }, index) => [`s${index}`, delay])),
  }));

describe('runGraph', () => {
  test('performs every step once, and none before all it waits for is done', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async ({ steps, delays }) => {
        const begun: string[] = [];
        const done = new Set<string>();
        const tooEarly: string[] = [];
        const failed = await runGraph(
          steps,
          async ({ id, after }) => {
            tooEarly.push(...after.filter((other) => !done.has(other)));
            begun.push(id);
            await wait(delays.get(id) ?? 0);
            done.add(id);
          },
          never,
        );
        expect([failed, tooEarly]).toEqual([undefined, []]);
        expect(begun.toSorted()).toEqual(steps.map(({ id }) => id).toSorted());
      }),
      { numRuns: 60 },
    );
  });

  test('performs a step as soon as it is ready: two that block overlap', async () => {
    let running = 0;
    let open = (): void => undefined;
    const barrier = new Promise<void>((resolve) => {
      open = resolve;
    });
    const meet = async (): Promise<void> => {
      running += 1;
      if (running === 2) open();
      await barrier;
    };
    await runGraph([step('a'), step('b'), step('c', ['a', 'b'])], async ({ id }) => (id === 'c' ? undefined : meet()), never);
    expect(running).toBe(2);
  });

  test('does not wait for a slow step that nothing depends on before it starts others', async () => {
    const order: string[] = [];
    await runGraph(
      [step('slow'), step('fast'), step('next', ['fast'])],
      async ({ id }) => {
        await wait(id === 'slow' ? 30 : 0);
        order.push(id);
      },
      never,
    );
    expect(order).toEqual(['fast', 'next', 'slow']);
  });

  test('waits for nothing that is done', async () => {
    const order: string[] = [];
    const steps = [step('last', ['next', 'done']), step('next', ['done', 'gone'])];
    await runGraph(steps, async ({ id }) => void order.push(id), never, new Set(['done', 'gone']));
    expect(order).toEqual(['next', 'last']);
  });

  test('starts nothing after a failure, and waits for what is under way', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), async ({ steps, delays }, pick) => {
        const failing = steps[pick % Math.max(1, steps.length)];
        let hasFailed = false;
        let startedLate = 0;
        let running = 0;
        const failed = await runGraph(
          steps,
          async (current) => {
            if (hasFailed) startedLate += 1;
            running += 1;
            await wait(delays.get(current.id) ?? 0);
            running -= 1;
            if (current === failing) {
              hasFailed = true;
              throw new Error('no');
            }
          },
          never,
        );
        expect(failed?.step).toBe(failing);
        expect([running, startedLate]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  test('reports the first of several failures', async () => {
    const failed = await runGraph(
      [step('late'), step('early')],
      async ({ id }) => {
        await wait(id === 'late' ? 20 : 1);
        throw new Error(id);
      },
      never,
    );
    expect(failed?.error).toEqual(new Error('early'));
  });

  test('starts nothing once it is stopped', async () => {
    const begun: string[] = [];
    const failed = await runGraph(
      [step('a'), step('b', ['a']), step('c', ['b'])],
      async ({ id }) => void begun.push(id),
      () => begun.includes('b'),
    );
    expect([failed, begun]).toEqual([undefined, ['a', 'b']]);
  });

  test.each([
    ['a step that is not there', [step('a', ['x'])], 'step a waits for x, which is not in the plan'],
    ['each other', [step('a', ['b']), step('b', ['a']), step('c')], 'these steps wait for each other: a, b'],
    ['itself', [step('a', ['a'])], 'these steps wait for each other: a'],
  ])('is an internal error for steps that wait for %s', async (_what, steps, message) => {
    await expect(runGraph(steps, async () => undefined, never)).rejects.toThrow(VmattachError);
    await expect(runGraph(steps, async () => undefined, never)).rejects.toThrow(message);
  });

  test('of no steps does nothing', async () => {
    await expect(runGraph([], async () => undefined, never)).resolves.toBeUndefined();
  });
});
