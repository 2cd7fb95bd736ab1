"""A QMP client that sends file descriptors.

argv: the socket. Each line of standard input is a command {"execute", "arguments", "open"}: the node in "open" is opened and its fd sent along.
Everything the monitor says goes to standard output, line by line.
"""
import json
import os
import socket
import sys
import threading

monitor = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
monitor.connect(sys.argv[1])


def listen():
    for line in monitor.makefile('r'):
        sys.stdout.write(line)
        sys.stdout.flush()


threading.Thread(target=listen, daemon=True).start()

for line in sys.stdin:
    command = json.loads(line)
    node = command.pop('open', None)
    fds = [] if node is None else [os.open(node, os.O_RDWR | os.O_CLOEXEC)]
    socket.send_fds(monitor, [json.dumps(command).encode()], fds)
    for fd in fds:
        os.close(fd)
