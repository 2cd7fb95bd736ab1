#!/usr/bin/env bash
# Boots the test guest with one profile of profiles.json, runs a command in it and exits with the command's status.
#
#   test/kernel/guest.sh PROFILE -- COMMAND...
#
# COMMAND is a shell line; it runs as root in this project's folder on the host's own files. It may change any of them, the
# changes end with the guest. What it writes to $VMATTACH_GUEST_RESULTS is kept in VMATTACH_RESULTS (a folder), if that is set.
# VMATTACH_GUEST_ROOT is the folder that the guest has as its root, if not the host's; this project and the kernel's folder are
# in it at the same paths as here.
# Other variables: VMATTACH_TEST_ACCEL and VMATTACH_TEST_CPU (QEMU's -accel and -cpu; software emulation of "max" if not set),
# VMATTACH_GUEST_TIMEOUT (seconds; 2700), VMATTACH_KERNEL_PACKAGE (see build-kernel.sh).
# Exit status 124: the guest did not end in time; 125: it ended without a status.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
project="$(cd "$here/../.." && pwd)"
in_guest=/run/vmattach
SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ACCEL="${VMATTACH_TEST_ACCEL:-tcg,thread=multi}"
# What emulation's TSC is but its CPUID does not say: of one rate, and in step on all processors. While the host is busy the
# kernel's first calibration is 0.1 % too low; KVM keeps it beside the later, exact one if the TSC may vary, refuses the lower
# rate (x86.c, set_tsc_khz: "user requested TSC rate below hardware speed"), and no TSC-deadline timer of a nested guest fires.
# setcpuid= is in Linux 6.15 and later.
EMULATED_TSC='tsc=reliable setcpuid=constant_tsc'

# Prints "tag path" of each folder that the guest sees beside its root; $1 kernel folder
shares() {
  if [ "${VMATTACH_GUEST_ROOT:-/}" = / ]; then return; fi
  printf 'project %s\nkernel %s\n' "$project" "$1"
}

# $1 folder for the archive, $2 kernel folder
make_initramfs() {
  mkdir -p "$1/tree/bin" "$1/tree/dev"
  cp /bin/busybox "$1/tree/bin/busybox"
  install -m 755 "$here/init" "$1/tree/init"
  shares "$2" >"$1/tree/shares"
  (cd "$1/tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$1/initramfs.gz"
}

# $1 profile, $2 kernel folder, $3 results folder, $4 modules to load, $5 command
write_start_files() {
  local name
  printf '%s\n' "$5" >"$3/command"
  {
    for name in "${!VMATTACH_@}"; do printf 'export %s=%q\n' "$name" "${!name}"; done
    printf 'export PATH=%q\n' "$(dirname "$(node -p process.execPath)"):$SYSTEM_PATH"
    printf 'export VMATTACH_GUEST_PROFILE=%q VMATTACH_GUEST_RESULTS=%q VMATTACH_GUEST_KERNEL=%q\n' "$1" "$in_guest" "$2"
    printf 'export VMATTACH_GUEST_MODULES=%q\n' "$4"
    printf 'export %s=1\n' "$([ -t 1 ] && echo FORCE_COLOR || echo NO_COLOR)"
    printf 'export HOME=/run/home TMPDIR=/run/tmp LANG=C.UTF-8\ncd %q\nexec bash %q\n' "$project" "$here/guest-main.sh"
  } >"$3/start"
}

# $1 profile
kernel_words() {
  printf 'console=ttyS0 panic=-1 %s' "$(node "$here/profile.mjs" append "$1")"
  case "$ACCEL" in tcg*) printf ' %s' "$EMULATED_TSC" ;; esac
}

# $1 profile, $2 kernel folder, $3 work folder, $4 results folder. Standard output and error of the command are ours.
# In a key=value option of QEMU a comma is written twice; -serial takes its path as it is.
boot() {
  local arguments tag path slot=27 root="${VMATTACH_GUEST_ROOT:-/}" results="${4//,/,,}"
  mapfile -t arguments < <(node "$here/profile.mjs" arguments "$1")
  # shellcheck disable=SC2054 # the commas are QEMU's
  arguments+=(
    -accel "$ACCEL" -cpu "${VMATTACH_TEST_CPU:-max}" -m 3G -smp 2 -nodefaults -display none -no-reboot
    -kernel "$2/bzImage" -initrd "$3/initramfs.gz" -append "$(kernel_words "$1")"
    -serial "file:$4/console.log"
    -fsdev "local,id=root,path=${root//,/,,},security_model=none,readonly=on,multidevs=remap"
    -device virtio-9p-pci,fsdev=root,mount_tag=root,addr=1c.0
    -fsdev "local,id=results,path=$results,security_model=none"
    -device virtio-9p-pci,fsdev=results,mount_tag=results,addr=1d.0
    -add-fd fd=3,set=1 -chardev file,id=output,path=/dev/fdset/1,append=on
    -add-fd fd=4,set=2 -chardev file,id=error,path=/dev/fdset/2,append=on
    -device virtio-serial-pci,addr=1e.0
    -device virtserialport,chardev=output,name=output -device virtserialport,chardev=error,name=error
  )
  while read -r tag path; do
    arguments+=(
      -fsdev "local,id=$tag,path=${path//,/,,},security_model=none,readonly=on,multidevs=remap"
      -device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag,addr=$(printf %x "$slot").0"
    )
    slot=$((slot - 1))
  done < <(shares "$2")
  timeout --foreground -k 5 "${VMATTACH_GUEST_TIMEOUT:-2700}" \
    qemu-system-x86_64 "${arguments[@]}" 3>&1 4>&2 </dev/null >"$4/qemu.log" 2>&1
}

# $1 results folder, $2 exit status of QEMU
guest_status() {
  if [ -s "$1/status" ]; then return "$(cat "$1/status")"; fi
  printf 'vmattach: the test guest %s; the end of its console:\n' "$([ "$2" -eq 124 ] && echo 'did not end in time' || echo 'died')" >&2
  tail -n 40 "$1/console.log" "$1/qemu.log" >&2 || true
  if [ "$2" -eq 124 ]; then return 124; fi
  return 125
}

main() {
  if [ "$#" -lt 3 ] || [ "$2" != -- ]; then
    printf 'usage: %s PROFILE -- COMMAND...\nprofiles: %s\n' "$0" "$(node "$here/profile.mjs" names | xargs)" >&2
    exit 2
  fi
  local profile="$1" modules kernel results status=0
  shift 2
  modules="$(node "$here/profile.mjs" modules "$profile" | xargs)"
  kernel="$("$here/build-kernel.sh")"
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  results="${VMATTACH_RESULTS:-$work/results}"
  mkdir -p "$results"
  rm -f "$results/status"
  make_initramfs "$work" "$kernel"
  write_start_files "$profile" "$kernel" "$results" "$modules" "$*"
  boot "$profile" "$kernel" "$work" "$results" || status=$?
  guest_status "$results" "$status"
}

main "$@"
