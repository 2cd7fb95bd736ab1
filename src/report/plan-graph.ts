import type { Problem } from '../errors/problem.ts';
import type { DeviceEntry } from '../plan/plan-device.ts';
import type { Plan } from '../plan/plan.ts';
import { formatBytes } from '../plan/remedies.ts';
import { deviceNode, deviceSubjects } from './device-node.ts';
import { stackDevices, type DeviceFrame, type DeviceStack } from './device-stacks.ts';
import { drawProblems, problemEdges, problemNode, worst, type DrawnProblem } from './graph-problems.ts';
import { numberRanges } from './graph-text.ts';
import type { GraphCluster, GraphEdge, GraphNode, PlanGraph } from './graph.ts';
import { outcomeLine } from './outcome-line.ts';
import { problemsBySubject, subjectsOf } from './problems-by-subject.ts';
import {
  MACHINE_ID,
  machineResource,
  objectId,
  objectResource,
  RAM_ID,
  ramResource,
  spaceNodeId,
  spaceResource,
  type Resource,
} from './resource-nodes.ts';

interface DrawnFrame {
  readonly frame: DeviceFrame;
  readonly devices: readonly (Resource & { readonly stack: DeviceStack })[];
}

/** The codes against each device, by any name that a problem may have for it. */
const problemCodes = (plan: Plan): ((entry: DeviceEntry) => readonly string[]) => {
  const against = problemsBySubject(plan);
  return (entry) => against(deviceSubjects([entry])).map(({ code }) => code);
};

const drawFrames = (plan: Plan): readonly DrawnFrame[] => {
  let index = 0;
  return stackDevices(plan.entries, problemCodes(plan)).map((frame) => ({
    frame,
    devices: frame.stacks.map((stack) => {
      const drawn = { stack, node: deviceNode(stack, index), subjects: deviceSubjects(stack) };
      index += 1;
      return drawn;
    }),
  }));
};

/** Where a device leads: its object, the address space, or nowhere while it cannot be attached. */
const deviceEdges = (plan: Plan, { node, stack }: DrawnFrame['devices'][number]): GraphEdge[] => {
  const [{ object, linked, selection }] = stack;
  const owner: GraphEdge = { from: MACHINE_ID, to: node.id };
  const planned = plan.objects.findIndex(({ path }) => path === object?.path);
  if (planned !== -1) {
    const label = linked.object === undefined ? 'made for it' : linked.spec.values.has('iommu') ? 'iommu' : 'iommufd';
    return [owner, { from: node.id, to: objectId(planned), label }];
  }
  const space = plan.spaces.findIndex(({ devices }) => devices.some(({ path }) => path === linked.path));
  return space === -1 ? [owner] : [owner, { from: node.id, to: spaceNodeId(space), label: selection?.backend ?? '' }];
};

const spaceEdges = (plan: Plan): GraphEdge[] =>
  plan.spaces.flatMap(({ object, backend }, index): GraphEdge[] => {
    const to = spaceNodeId(index);
    const owner = plan.objects.findIndex(({ path }) => path === object?.path);
    return [
      ...(owner === -1 ? [] : [{ from: objectId(owner), to, label: backend }]),
      { from: to, to: RAM_ID, label: `maps ${formatBytes(plan.ram.size)}` },
    ];
  });

/** What no device leads to still belongs to the machine. */
const ownerEdges = (plan: Plan, nodes: readonly GraphNode[], edges: readonly GraphEdge[]): GraphEdge[] => {
  const reached = new Set(edges.map(({ to }) => to));
  return nodes
    .filter(({ id }) => id !== MACHINE_ID && !reached.has(id))
    .map(({ id, kind }) => ({ from: MACHINE_ID, to: id, label: kind === 'object' ? 'unused' : 'has' }));
};

const targetFinder = (resources: readonly Resource[]): ((problem: Problem) => readonly string[]) => {
  const bySubject = new Map<string, string[]>();
  for (const { node, subjects } of resources) {
    for (const subject of new Set(subjects)) {
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), node.id]);
    }
  }
  return (problem) => {
    const found = subjectsOf(problem).flatMap((subject) => bySubject.get(subject) ?? []);
    return found.length === 0 ? [MACHINE_ID] : [...new Set(found)];
  };
};

const marker = (problems: readonly DrawnProblem[]): ((node: GraphNode) => GraphNode) => {
  const against = new Map<string, Problem['severity'][]>();
  for (const { problem, targets } of problems) {
    for (const target of targets) {
      against.set(target, [...(against.get(target) ?? []), problem.severity]);
    }
  }
  return (node) => ({
    ...node,
    severity: worst([...(against.get(node.id) ?? []), ...(node.severity === undefined ? [] : [node.severity])]),
  });
};

const clusterTitle = (groups: readonly number[]): string =>
  groups.length === 1 ? `IOMMU group ${groups[0]}` : `IOMMU groups ${numberRanges(groups)}, one device each`;

const toCluster = (frame: DeviceFrame, nodes: readonly GraphNode[], index: number): GraphCluster => ({
  id: `g${index}`,
  title: clusterTitle(frame.groups),
  nodes,
  severity: worst(nodes.flatMap(({ severity }) => (severity === undefined ? [] : [severity]))),
});

/** A plan as a drawing: machine, devices in their IOMMU groups, iommufd objects, address spaces, guest RAM, and problems. */
export const planGraph = (plan: Plan): PlanGraph => {
  const frames = drawFrames(plan);
  const shownObjects = plan.objects.flatMap((object, index) =>
    object.path === plan.ram.path ? [] : [objectResource(object, index)],
  );
  const resources = [machineResource(plan), ...shownObjects, ...plan.spaces.map(spaceResource), ramResource(plan)];
  const devices = frames.flatMap((drawn) => drawn.devices);
  const problems = drawProblems(plan.problems, targetFinder([...devices, ...resources]));
  const mark = marker(problems);
  const edges = [...devices.flatMap((device) => deviceEdges(plan, device)), ...spaceEdges(plan)];
  const nodes = resources.map(({ node }) => node);
  const framed = frames.map((drawn) => ({ ...drawn, nodes: drawn.devices.map(({ node }) => mark(node)) }));
  return {
    title: `${resources[0]?.node.title ?? ''}: ${outcomeLine(plan)}`,
    clusters: framed
      .filter(({ frame }) => frame.groups.length > 0)
      .map(({ frame, nodes: members }, index) => toCluster(frame, members, index)),
    nodes: [
      ...framed.filter(({ frame }) => frame.groups.length === 0).flatMap(({ nodes: members }) => members),
      ...nodes.map(mark),
      ...problems.map(problemNode),
    ],
    edges: [...edges, ...ownerEdges(plan, nodes, edges), ...problems.flatMap(problemEdges)],
  };
};
