import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sendWithFd } from '../../src/kernel/linux/send-message.ts';
import { socketFd } from '../../src/kernel/linux/socket-handle.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const QEMU = process.env['VMATTACH_QEMU'] ?? 'qemu-system-x86_64';

export interface Message {
  readonly QMP?: { readonly version: { readonly qemu: { readonly major: number } } };
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly id?: unknown;
  readonly event?: string;
  readonly data?: unknown;
  readonly timestamp?: unknown;
}

/** Whether somebody listens: the socket is there a moment before. */
const accepts = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const trying = net.connect(socket, () => {
      trying.destroy();
      resolve(true);
    });
    trying.once('error', () => resolve(false));
  });

/** A program with a QMP monitor, and its one client. */
export class QmpPeer {
  readonly name: string;
  greeting: Message = {};
  readonly #child: ChildProcess;
  readonly #folder: string;
  #socket: net.Socket;
  #text = '';
  #messages: Message[] = [];
  #wake: () => void = () => undefined;
  #markers = 0;

  private constructor(name: string, child: ChildProcess, folder: string) {
    this.name = name;
    this.#child = child;
    this.#folder = folder;
    this.#socket = new net.Socket();
  }

  static async start(name: string, command: string, args: readonly string[]): Promise<QmpPeer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-peer-'));
    const socket = path.join(folder, 'qmp');
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const child = spawn(command, [...args, '-qmp', `unix:${socket},server=on,wait=off`], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', (error) => {
      complaint += error.message;
    });
    const peer = new QmpPeer(name, child, folder);
    while (!(await accepts(socket))) {
      if (child.exitCode !== null || complaint.includes('ENOENT')) throw new Error(`${command} has not started: ${complaint}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await peer.connect();
    return peer;
  }

  /** Connects anew, and is greeted. */
  async connect(): Promise<void> {
    this.#socket.destroy();
    this.#text = '';
    this.#messages = [];
    this.#socket = await new Promise<net.Socket>((resolve, reject) => {
      const connecting = net.connect(path.join(this.#folder, 'qmp'), () => resolve(connecting));
      connecting.once('error', reject);
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: Buffer) => this.#hear(chunk.toString('latin1')));
    this.greeting = await this.#next();
  }

  async negotiate(capabilities: readonly string[] = []): Promise<void> {
    const parameters = capabilities.length > 0 ? { arguments: { enable: capabilities } } : {};
    await this.ask({ execute: 'qmp_capabilities', ...parameters });
  }

  /** The reply to a message, and what was told before it. @param file goes with the message */
  async ask(message: unknown, file?: string): Promise<{ readonly reply: Message; readonly events: readonly Message[] }> {
    this.#send(Buffer.from(`${JSON.stringify(message)}\r\n`), file);
    const events: Message[] = [];
    for (;;) {
      const heard = await this.#next();
      if (heard.event === undefined) return { reply: heard, events };
      events.push(heard);
    }
  }

  /** Everything that is said about some bytes. They may end anywhere: a control character ends what was begun. */
  async say(bytes: Uint8Array): Promise<readonly Message[]> {
    const id = `marker-${(this.#markers += 1)}`;
    this.#send(Buffer.concat([bytes, Buffer.from([0xff]), Buffer.from(`{"execute":"query-name","id":"${id}"}\n`)]));
    const said: Message[] = [];
    for (;;) {
      const heard = await this.#next();
      if (heard.id === id) return said;
      said.push(heard);
    }
  }

  async stop(): Promise<void> {
    this.#socket.destroy();
    const ended = new Promise((resolve) => void this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #send(bytes: Buffer, file?: string): void {
    if (file === undefined) {
      this.#socket.write(bytes);
      return;
    }
    const fd = openSync(file, 'r+');
    sendWithFd(socketFd(this.#socket) ?? -1, bytes, fd);
    closeSync(fd);
  }

  #hear(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#messages.push(JSON.parse(line));
    this.#wake();
  }

  async #next(): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${this.name} says nothing`)), 10_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

const COMMON = ['-nodefaults', '-display', 'none', '-S'];

/** @param machine of QEMU; vmattach has its own */
export const startQemu = (machine: string, args: readonly string[] = []): Promise<QmpPeer> =>
  QmpPeer.start('QEMU', QEMU, ['-machine', machine, '-accel', 'tcg', ...COMMON, ...args]);

export const startVmattach = (args: readonly string[] = []): Promise<QmpPeer> =>
  QmpPeer.start('vmattach', process.execPath, [
    path.join(ROOT, 'bin', 'vmattach'),
    ...['--host-model', 'examples/hosts/workstation.json', '-machine', 'bare', ...COMMON, ...args],
  ]);
