import { describe, expect, test } from 'vitest';
import { planGraph } from '../../src/report/plan-graph.ts';
import type { GraphNode, PlanGraph } from '../../src/report/graph.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { MDEV_UUID, withFds, withMediatedDevice, withMemlock, WORKSTATION } from '../plan/hosts.ts';
import { EXAMPLE_HOSTS, planOf } from '../plan/planning.ts';
import { DESKTOP, planOn, vfLine } from './drawing.ts';

const allNodes = ({ clusters, nodes }: PlanGraph): readonly GraphNode[] => [
  ...clusters.flatMap((cluster) => cluster.nodes),
  ...nodes,
];

const titled = (graph: PlanGraph, title: string): GraphNode => {
  const node = allNodes(graph).find((candidate) => candidate.title === title);
  if (node === undefined)
    throw new Error(
      `no box '${title}' among ${allNodes(graph)
        .map((other) => other.title)
        .join(', ')}`,
    );
  return node;
};

/** Edges by the titles of their ends. */
const edgesOf = (graph: PlanGraph): readonly string[] => {
  const titles = new Map(allNodes(graph).map(({ id, title }) => [id, title]));
  return graph.edges.map(({ from, to, label }) => `${titles.get(from)} -${label ?? ''}-> ${titles.get(to)}`);
};

describe('planGraph draws', () => {
  const graph = planGraph(planOn('workstation', DESKTOP));

  test('devices inside their IOMMU group', () => {
    expect(graph.clusters.map(({ title, nodes }) => [title, nodes.map((node) => node.title)])).toEqual([
      ['IOMMU group 14', ['0000:01:00.0', '0000:01:00.1']],
      ['IOMMU group 16', ['0000:06:00.0']],
    ]);
  });

  test('the way from the machine over devices and objects to guest RAM', () => {
    expect(edgesOf(graph)).toEqual([
      'machine bare --> 0000:01:00.0',
      '0000:01:00.0 -iommufd-> /objects/iommufd0',
      'machine bare --> 0000:01:00.1',
      '0000:01:00.1 -iommufd-> /objects/iommufd0',
      'machine bare --> 0000:06:00.0',
      '0000:06:00.0 -type1-> address space container0',
      '/objects/iommufd0 -iommufd-> address space ioas(iommufd0)',
      'address space ioas(iommufd0) -maps 8192 MiB-> guest RAM pc.ram',
      'address space container0 -maps 8192 MiB-> guest RAM pc.ram',
      'warning: DOUBLE_MAP --> address space ioas(iommufd0)',
      'warning: DOUBLE_MAP --> address space container0',
    ]);
  });

  test('each device with its backend and the reason', () => {
    expect(titled(graph, '0000:06:00.0')).toMatchObject({
      backend: 'type1',
      lines: expect.arrayContaining(['/dev/vfio/16', 'type1: it links to no iommufd object', 'and the default backend is type1']),
    });
    expect(titled(graph, '0000:01:00.0').lines).toContain('/dev/vfio/devices/vfio0');
  });

  test('each address space with its backend and the sizes of its maps', () => {
    expect(titled(graph, 'address space ioas(iommufd0)').lines).toEqual([
      'backend iommufd',
      '0x0-0x7fffffff  2048 MiB rw',
      '0x100000000-0x27fffffff  6144 MiB rw',
    ]);
  });

  test('an object that nobody wrote, and one that nobody uses', () => {
    const other = planGraph(planOn('workstation', '-object iommufd,id=idle -device vfio-iommu-pci,host=06:00.0'));
    expect(titled(other, '/objects/#iommufd0').lines).toContain('-object iommufd, made in the background');
    expect(edgesOf(other)).toContain('0000:06:00.0 -made for it-> /objects/#iommufd0');
    expect(edgesOf(other)).toContain('machine bare -unused-> /objects/idle');
  });

  test('passed fds', () => {
    const host = withFds(WORKSTATION, { 20: { kind: 'iommufd' }, 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } });
    const passed = planGraph(planOf('-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i', host));
    expect(titled(passed, '/objects/i').lines).toContain('passed as fd 20');
    expect(titled(passed, '0000:06:00.0').lines).toContain('fd 21');
  });

  test('a mediated device', () => {
    const host = withMediatedDevice(WORKSTATION);
    const line = `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID}`;
    expect(titled(planGraph(planOf(line, host)), MDEV_UUID).lines[0]).toBe('i915-GVTg_V5_4');
  });

  test('memory backends: the one that is guest RAM is not drawn twice', () => {
    const line = '-machine memory-backend=m -object memory-backend-memfd,id=m,size=1G -device vfio-pci,host=06:00.0';
    const titles = allNodes(planGraph(planOn('workstation', line))).map(({ title }) => title);
    expect(titles).toContain('guest RAM m');
    expect(titles).not.toContain('/objects/m');
  });
});

describe('planGraph joins', () => {
  test('64 alike functions into one box that names each', () => {
    const { clusters } = planGraph(planOn('sriov-server', vfLine()));
    expect(clusters.map(({ title }) => title)).toEqual(['IOMMU groups 100-163, one device each']);
    const [box] = clusters[0]?.nodes ?? [];
    expect(box?.title).toBe('64 × Intel Ethernet Virtual Function 700 Series');
    expect(box?.lines.join('  ').match(/41:0\d\.\d/g)).toHaveLength(64);
  });

  test('not a handful', () => {
    expect(planGraph(planOn('sriov-server', vfLine(['41:02.0', '41:02.1', '41:02.2']))).clusters).toHaveLength(3);
  });

  test('not one that has another problem than the others', () => {
    const plan = planOn('sriov-server', vfLine());
    const [, second] = plan.entries;
    const marked: Plan = {
      ...plan,
      problems: [{ code: 'BUSY', severity: 'error', subject: second?.linked.path, message: 'busy', cause: 'held by process 1' }],
    };
    const graph = planGraph(marked);
    expect(graph.clusters.map(({ title }) => title)).toEqual(['IOMMU groups 100, 102-163, one device each', 'IOMMU group 101']);
    expect(edgesOf(graph)).toContain('error: BUSY --> 0000:41:02.1');
  });

  test('one complaint about many alike devices', () => {
    const graph = planGraph(planOn('workstation', vfLine()));
    const problem = titled(graph, 'error: NO_SUCH_DEVICE × 64');
    expect(problem.lines[0]).toMatch(/^the first: /);
    expect(graph.edges.filter(({ from }) => from === problem.id)).toHaveLength(1);
  });
});

describe('planGraph attaches problems to what is guilty', () => {
  const withProblem = (subject: string | undefined): readonly string[] => {
    const plan = planOn('workstation', DESKTOP);
    const graph = planGraph({ ...plan, problems: [{ code: 'BUSY', severity: 'error', subject, message: 'm', cause: 'c' }] });
    const titles = new Map(allNodes(graph).map(({ id, title }) => [id, title]));
    const guilty = graph.edges.filter(({ severity }) => severity !== undefined).map(({ to }) => titles.get(to) ?? '');
    for (const title of guilty) expect(titled(graph, title).severity).toBe('error');
    return guilty;
  };

  test.each([
    ['a device by its path', '/machine/peripheral/gpu', ['0000:01:00.0']],
    ['a device by its address', '0000:06:00.0', ['0000:06:00.0']],
    ['a device by its cdev', '/dev/vfio/devices/vfio1', ['0000:01:00.1']],
    ['a group by its node', '/dev/vfio/14', ['0000:01:00.0', '0000:01:00.1']],
    ['an object by its path', '/objects/iommufd0', ['/objects/iommufd0']],
    ['iommufd by its node', '/dev/iommu', ['/objects/iommufd0']],
    ['the container by its node', '/dev/vfio/vfio', ['address space container0']],
    ['guest RAM by the limit on locked memory', 'RLIMIT_MEMLOCK', ['guest RAM pc.ram']],
    ['several address spaces', 'container0, ioas(iommufd0)', ['address space container0', 'address space ioas(iommufd0)']],
    ['the machine, when nothing else is meant', 'the moon', ['machine bare']],
    ['the machine, without a subject', undefined, ['machine bare']],
  ])('%s', (_what, subject, guilty) => {
    expect(withProblem(subject).toSorted()).toEqual(guilty.toSorted());
  });

  test('a device that cannot be attached is drawn outside of any group', () => {
    const graph = planGraph(planOn('no-iommu', '-device vfio-pci,host=01:00.0'));
    expect(graph.clusters).toEqual([]);
    expect(titled(graph, '0000:01:00.0')).toMatchObject({ backend: 'type1', severity: 'error' });
    expect(titled(graph, '0000:01:00.0').lines).toContain('cannot be attached');
    expect(edgesOf(graph)).toContain('error: NO_IOMMU --> 0000:01:00.0');
  });
});

describe('planGraph is whole', () => {
  const lines = [
    DESKTOP,
    vfLine(),
    '',
    '-device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.0',
    '-machine q35 -device vfio-pci,host=ff:00.0',
  ];

  test.each(EXAMPLE_HOSTS.flatMap((host) => lines.map((line) => ({ host, line }))))('on $host: $line', ({ host, line }) => {
    const graph = planGraph(planOn(host, line));
    const ids = allNodes(graph).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+\d*$/.test(id))).toEqual([]);
    expect(graph.edges.flatMap(({ from, to }) => [from, to]).filter((id) => !ids.includes(id))).toEqual([]);
    const joined = new Set(graph.edges.flatMap(({ from, to }) => [from, to]));
    expect(ids.filter((id) => !joined.has(id))).toEqual([]);
    expect(planGraph(planOn(host, line))).toEqual(graph);
  });

  test('with a limit that is too low everything is still drawn', () => {
    const graph = planGraph(planOf(DESKTOP, withMemlock(WORKSTATION, 4096n)));
    expect(edgesOf(graph)).toContain('error: MEMLOCK_TOO_LOW --> guest RAM pc.ram');
    expect(titled(graph, 'machine bare').severity).toBe('error');
  });
});
