import { closeSync, openSync } from 'node:fs';
import { failure, VmattachError, withLocation } from '../../errors/problem.ts';
import { isRuntimeFd } from '../../host/runtime-fds.ts';
import { observeFd } from '../../host/observe-fd.ts';
import { jsonLine } from '../../monitor/json-text.ts';
import { systemReason } from '../../kernel/socket-failure.ts';
import { QmpClient, type QmpReply } from '../../monitor/qmp-client.ts';
import { parseFdNumber } from '../../options/fd-number.ts';
import type { JsonObject, JsonValue } from '../../options/json-value.ts';
import { parseJson } from '../../options/json.ts';
import { print, say } from '../output.ts';
import { readOperands } from '../read-operands.ts';

interface Values {
  readonly fd?: string;
  readonly open?: string;
  readonly wait?: string;
  readonly timeout?: string;
}

/** Its words, for parsing, help, completion and the manual. */
export const QMP_SYNTAX = {
  name: 'qmp',
  summary: `Gives one command to the machine whose QMP monitor listens on SOCKET, and prints the reply.

JSON is the object of the command's arguments. --fd or --open send a file descriptor with it, as getfd and add-fd take it.
It works with QEMU as well. Exit status 1 when the reply is an error.`,
  operands: '<socket> <command> [json]',
  options: [
    { name: 'fd', metavar: 'N', description: 'send the file descriptor N, which the shell opened: N<>FILE' },
    { name: 'open', metavar: 'FILE', description: 'open FILE for reading and writing, and send that' },
    { name: 'wait', metavar: 'EVENT', description: 'wait for an event of that name after the reply, and print it too' },
    {
      name: 'timeout',
      metavar: 'SECONDS',
      description: 'give up when not everything has come by then; without it, wait as long as it takes',
    },
  ],
};

const USAGE = 'vmattach qmp SOCKET COMMAND [JSON]';

const notAnObject = (message: string, location: string): VmattachError =>
  failure('SYNTAX', message, {
    location,
    cause: `the arguments of a command are a JSON object, like '{"id": "net0"}'`,
    fixes: [USAGE],
  });

const readJson = (text: string): JsonValue => {
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof VmattachError ? notAnObject(error.message, text) : error;
  }
};

const readParameters = (text: string | undefined): JsonObject => {
  if (text === undefined) return new Map();
  const value = readJson(text);
  if (!(value instanceof Map)) throw notAnObject('this is no JSON object', text);
  return value;
};

/** QMP itself is JSON; here the name and the arguments are words of their own. */
const checkCommand = (command: string): void => {
  if (command.startsWith('{')) {
    throw failure('SYNTAX', 'this is a message, and not the name of a command', {
      location: command,
      cause: 'vmattach writes the message: it takes the name of the command, and its arguments as another word',
      fixes: [`vmattach qmp SOCKET device_del '{"id": "net0"}'`],
    });
  }
};

interface Given {
  readonly socket: string;
  readonly command: string;
  readonly parameters: JsonObject;
}

/** The parser has made sure that there are two words or three. */
const readWords = ([socket = '', command = '', text]: readonly string[]): Given => {
  checkCommand(command);
  // As -qmp writes it.
  return { socket: socket.replace(/^unix:/, ''), command, parameters: readParameters(text) };
};

interface SentFile {
  readonly fd: number | undefined;
  readonly close: () => void;
}

/** @throws FD_NOT_OPEN */
const inheritedFd = (text: string): number => {
  const fd = parseFdNumber(text);
  if (observeFd(fd) === undefined || isRuntimeFd(fd)) {
    throw failure('FD_NOT_OPEN', `fd ${fd} is not open`, {
      cause: `the process that started vmattach passed no file descriptor ${fd}`,
      fixes: [`in a shell: ${fd}<>FILE`, '--open FILE'],
    });
  }
  return fd;
};

const fileToSend = ({ fd, open }: Values): SentFile => {
  if (fd !== undefined && open !== undefined) {
    throw failure('CONFLICT', '--fd and --open name two files', { fixes: ['a command takes one file descriptor: leave out one'] });
  }
  if (open === undefined) {
    return { fd: fd === undefined ? undefined : withLocation(`--fd ${fd}`, () => inheritedFd(fd)), close: () => undefined };
  }
  try {
    const opened = openSync(open, 'r+');
    return { fd: opened, close: () => closeSync(opened) };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw failure('FILE', `cannot open '${open}': ${systemReason(error)}`, {
      location: `--open ${open}`,
      cause: isMissing ? 'there is no such file' : 'a file that is sent is opened for reading and writing',
      fixes: [
        isMissing
          ? 'vmattach devices ADDRESS names the nodes of a device'
          : 'open it as a user who may, and pass it: --fd N N<>FILE',
      ],
    });
  }
};

const LINE_WIDTH = 200;

/** In one line as far as that can be read. */
const show = (message: JsonObject): void => {
  const line = jsonLine(message).trimEnd();
  print(line.length <= LINE_WIDTH ? line : jsonLine(message, true).replaceAll('\r', '').trimEnd());
};

const sayBusy = (socket: string) => (): void => say(`waiting: ${socket} serves one client at a time, and has one`);

/** The longest that a timer of Node waits. */
const MOST_SECONDS = 2_147_483;

/** @throws VALUE_INVALID */
const readSeconds = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds === 0 || seconds > MOST_SECONDS) {
    throw failure('VALUE_INVALID', `'${text}' is no number of seconds above 0`, {
      location: `--timeout ${text}`,
      fixes: ['--timeout 5'],
    });
  }
  return seconds;
};

const talk = async ({ socket, command, parameters }: Given, values: Values): Promise<QmpReply> => {
  const patience = { onBusy: sayBusy(socket), seconds: readSeconds(values.timeout) };
  const file = fileToSend(values);
  const client = await QmpClient.connect(socket, patience);
  try {
    const reply = await client.run(command, parameters, file.fd);
    show(reply);
    if (values.wait !== undefined && reply.has('return')) show(await client.event(values.wait));
    return reply;
  } finally {
    file.close();
    client.close();
  }
};

/** `vmattach qmp`: one command for a running machine. @returns the exit status: 1 when the reply is an error */
export const qmp = async (argv: readonly string[]): Promise<number> => {
  const words = readOperands<Values>(QMP_SYNTAX, argv);
  if (words === undefined) {
    return 0;
  }
  const reply = await talk(readWords(words.operands), words.values);
  return reply.has('return') ? 0 : 1;
};
