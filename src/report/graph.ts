import type { BackendName } from '../backends/address-space.ts';
import type { Severity } from '../errors/problem.ts';

export type NodeKind = 'machine' | 'device' | 'object' | 'space' | 'ram' | 'problem';

/** What is drawn as one box. Texts are single lines of printable characters that no writer has to wrap, but each must escape. */
export interface GraphNode {
  /** A letter and digits: safe in every format. */
  readonly id: string;
  readonly kind: NodeKind;
  readonly title: string;
  readonly lines: readonly string[];
  /** For devices and address spaces. */
  readonly backend?: BackendName | undefined;
  /** The worst that stands against it; for a problem its own level. */
  readonly severity?: Severity | undefined;
  /** More than fits into the box. */
  readonly tooltip?: string | undefined;
}

/** Devices that the IOMMU cannot tell apart, drawn inside one frame. */
export interface GraphCluster {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  readonly severity?: Severity | undefined;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** For the edge from a problem to what is guilty. */
  readonly severity?: Severity;
}

/** A plan as boxes and arrows, for any format that draws. */
export interface PlanGraph {
  readonly title: string;
  readonly clusters: readonly GraphCluster[];
  /** Those in no cluster. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}
