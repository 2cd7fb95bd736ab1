#!/usr/bin/env bash
# Process 1 of the guest once the host's root is in place: makes it a running system, runs the command that the host left in
# the results folder, and leaves the exit status there. Its output goes to the host over two virtio-serial ports.
# Environment: VMATTACH_GUEST_RESULTS, VMATTACH_GUEST_KERNEL, VMATTACH_GUEST_MODULES, HOME, TMPDIR; the working folder is the project.
set -uo pipefail

# $1 name given to the virtio-serial port. Its number depends on how many virtio devices there are.
port() {
  local name
  name="$(grep -lx "$1" /sys/class/virtio-ports/*/name)"
  printf '/dev/%s\n' "$(basename "${name%/name}")"
}

mount_system() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mountpoint -q /dev || mount -t devtmpfs dev /dev
  mkdir -p /dev/pts /dev/shm /dev/hugepages /dev/mqueue /lib/modules
  mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
  mount -t tmpfs -o mode=1777 shm /dev/shm
  mount -t hugetlbfs hugetlbfs /dev/hugepages
  mount -t mqueue mqueue /dev/mqueue
  mount -t debugfs debugfs /sys/kernel/debug
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount --bind "$VMATTACH_GUEST_KERNEL/modules" /lib/modules
  ln -sfn /proc/self/fd /dev/fd
  ln -sfn /proc/self/fd/0 /dev/stdin
  ln -sfn /proc/self/fd/1 /dev/stdout
  ln -sfn /proc/self/fd/2 /dev/stderr
  mkdir -m 1777 "$HOME" "$TMPDIR"
}

load_modules() {
  local module
  for module in $VMATTACH_GUEST_MODULES; do modprobe "$module"; done
  busybox ip link set lo up
}

# The ports have room for one opener each, so the command gets pipes. What it leaves running may hold them for ever:
# after its end they have two seconds to run dry.
run_command() {
  local status output error
  exec 3> >(exec cat >"$(port output)")
  output=$!
  exec 4> >(exec cat >"$(port error)")
  error=$!
  bash "$VMATTACH_GUEST_RESULTS/command" </dev/null >&3 2>&4 3>&- 4>&-
  status=$?
  exec 3>&- 4>&-
  timeout 2 tail --pid="$output" --pid="$error" -s 0.05 -f /dev/null
  return "$status"
}

mount_system
load_modules
run_command
printf '%s\n' "$?" >"$VMATTACH_GUEST_RESULTS/status"
sync
exec busybox poweroff -f
