import { defineCommand, type QmpCommand } from '../command-table.ts';

const getFd = defineCommand({
  name: 'getfd',
  arguments: [{ name: 'fdname', type: 'str' }],
  run: ({ pendingFds, namedFds }, { fdname }) => {
    namedFds.add(fdname, pendingFds.take());
    return undefined;
  },
});

const closeFd = defineCommand({
  name: 'closefd',
  arguments: [{ name: 'fdname', type: 'str' }],
  run: ({ namedFds }, { fdname }) => {
    namedFds.close(fdname);
    return undefined;
  },
});

const addFd = defineCommand({
  name: 'add-fd',
  arguments: [
    { name: 'fdset-id', type: 'int', optional: true },
    { name: 'opaque', type: 'str', optional: true },
  ],
  returns: {
    members: [
      { name: 'fdset-id', type: 'int' },
      { name: 'fd', type: 'int' },
    ],
  },
  run: ({ pendingFds, fdSets }, { 'fdset-id': wanted, opaque }) => {
    const fd = pendingFds.take();
    const id = fdSets.add(fd, wanted, opaque);
    return { 'fdset-id': id, fd: fd.number };
  },
});

const removeFd = defineCommand({
  name: 'remove-fd',
  arguments: [
    { name: 'fdset-id', type: 'int' },
    { name: 'fd', type: 'int', optional: true },
  ],
  run: ({ fdSets }, { 'fdset-id': id, fd }) => {
    fdSets.remove(id, fd);
    return undefined;
  },
});

const FD_INFO = {
  members: [
    { name: 'fd', type: 'int' },
    { name: 'opaque', type: 'str', optional: true },
  ],
} as const;

const queryFdSets = defineCommand({
  name: 'query-fdsets',
  arguments: [],
  returns: {
    list: {
      members: [
        { name: 'fdset-id', type: 'int' },
        { name: 'fds', type: { list: FD_INFO } },
      ],
    },
  },
  run: ({ fdSets }) =>
    fdSets.list().map(({ id, entries }) => ({
      'fdset-id': id,
      fds: entries.map(({ fd, opaque }) => ({ fd: fd.number, opaque })),
    })),
});

/** The commands that take and manage fds (monitor/fds.c). */
export const FD_COMMANDS: readonly QmpCommand[] = [getFd, closeFd, addFd, removeFd, queryFdSets];
