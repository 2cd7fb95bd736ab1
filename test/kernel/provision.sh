#!/usr/bin/env bash
# Installs what the test guest needs, on Debian as root; anywhere else says what is missing.
# The profiles are written for QEMU 9 and later; where the release has an older one it comes from the release's backports.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
VMATTACH_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/vmattach"
# shellcheck source=private-apt.sh
. "$here/private-apt.sh"

QEMU=qemu-system-x86_64
QEMU_MINIMUM=9
# command or header, then the package that has it
TOOLS=(
  'gcc build-essential' 'make build-essential' 'flex flex' 'bison bison' 'bc bc' 'xz xz-utils' 'cpio cpio' 'depmod kmod'
  'rsync rsync' 'gzip gzip' '/bin/busybox busybox-static' '/usr/include/libelf.h libelf-dev' '/usr/include/openssl/ssl.h libssl-dev'
)

qemu_major() {
  { "$QEMU" --version 2>/dev/null || true; } | sed -n 's/^QEMU emulator version \([0-9]*\)\..*/\1/p'
}

qemu_is_enough() {
  local major
  major="$(qemu_major)"
  [ -n "$major" ] && [ "$major" -ge "$QEMU_MINIMUM" ]
}

# Prints the packages of TOOLS that are not here.
missing_packages() {
  local tool package
  while read -r tool package; do
    if ! PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" >/dev/null && [ ! -e "$tool" ]; then printf '%s\n' "$package"; fi
  done < <(printf '%s\n' "${TOOLS[@]}") | sort -u
}

install_packages() {
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" >&2
}

install_qemu() {
  local candidate
  candidate="$(apt-cache policy qemu-system-x86 | sed -n 's/.*Candidate: \(.*:\)\?\([0-9]*\)\..*/\2/p')"
  if [ "${candidate:-0}" -ge "$QEMU_MINIMUM" ]; then
    install_packages qemu-system-x86
    return
  fi
  local backports
  backports="$(codename)-backports"
  private_lists qemu own "$backports"
  DEBIAN_FRONTEND=noninteractive private_apt qemu apt-get -q install -y --no-install-recommends -t "$backports" qemu-system-x86 >&2
}

can_install() {
  [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && [ -x /usr/bin/apt-get ]
}

# $@ packages that are missing
ask_for() {
  printf 'vmattach: the kernel tests need %s\n' "$*" >&2
  printf 'On Debian, as root: apt-get install --no-install-recommends %s\n' "$*" >&2
  printf 'QEMU must be %s or later. The kernel is built from a Debian linux-source package: use Debian, or its container.\n' \
    "$QEMU_MINIMUM" >&2
  exit 1
}

main() {
  local packages
  mapfile -t packages < <(missing_packages)
  if [ "${#packages[@]}" -eq 0 ] && qemu_is_enough; then return; fi
  if ! can_install; then
    if ! qemu_is_enough; then packages+=("qemu-system-x86"); fi
    ask_for "${packages[@]}"
  fi
  apt-get -q update >&2
  if [ "${#packages[@]}" -gt 0 ]; then install_packages "${packages[@]}"; fi
  if ! qemu_is_enough; then install_qemu; fi
  if ! qemu_is_enough; then ask_for "qemu-system-x86 ($QEMU_MINIMUM or later)"; fi
}

main
