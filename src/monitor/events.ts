import type { JsonRecord } from './json-text.ts';
import type { QmpMember } from './qmp-type.ts';

/** Something that happened, told to every client that has negotiated. */
export interface QmpEvent {
  readonly event: string;
  readonly data?: JsonRecord;
}

/** An event as the schema describes it. */
export interface EventType {
  readonly name: string;
  readonly data: readonly QmpMember[];
}

/** ShutdownCause of qapi/run-state.json. */
const SHUTDOWN_CAUSES = [
  'none',
  'host-error',
  'host-qmp-quit',
  'host-qmp-system-reset',
  'host-signal',
  'host-ui',
  'guest-shutdown',
  'guest-reset',
  'guest-panic',
  'subsystem-reset',
  'snapshot-load',
] as const;

export type ShutdownCause = (typeof SHUTDOWN_CAUSES)[number];

/** The events that the monitor itself has. */
export const MONITOR_EVENTS: readonly EventType[] = [
  {
    name: 'SHUTDOWN',
    data: [
      { name: 'guest', type: 'bool' },
      { name: 'reason', type: { values: SHUTDOWN_CAUSES } },
    ],
  },
];

export const shutdownEvent = (reason: ShutdownCause): QmpEvent => ({ event: 'SHUTDOWN', data: { guest: false, reason } });

const MICROSECONDS = 1e6;

/** When an event happened, as QEMU says it: seconds since 1970 and the rest. */
export const timestamp = (): JsonRecord => {
  const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  return { seconds: Math.floor(microseconds / MICROSECONDS), microseconds: microseconds % MICROSECONDS };
};
