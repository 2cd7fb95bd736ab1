#!/usr/bin/env bash
# Makes the test guest a host of virtual machines: device nodes as udev would leave them, vmattach installed as a package would
# install it, and libvirt's daemons running. The working folder is the project.
set -euo pipefail

SOCKET=/run/libvirt/libvirt-sock
IMAGES=/var/lib/libvirt/images

set_node_modes() {
  chgrp kvm /dev/kvm
  chmod 660 /dev/kvm
  chmod 666 /dev/vfio/vfio
}

# The project's own folder may be one that the user of the virtual machines cannot enter.
install_vmattach() {
  mkdir -p /usr/lib/vmattach /usr/local/bin
  mount --bind "$PWD" /usr/lib/vmattach
  ln -s ../../lib/vmattach/bin/vmattach /usr/local/bin/vmattach
}

install_nested_guest() {
  mkdir -p "$IMAGES"
  cp "$VMATTACH_GUEST_KERNEL/bzImage" "$VMATTACH_GUEST_RESULTS/initramfs.gz" "$IMAGES"
}

start_daemons() {
  local tries=300
  mkdir -p /run/lock
  virtlogd -d
  libvirtd -d
  until [ -S "$SOCKET" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      echo 'vmattach: libvirtd did not start' >&2
      exit 1
    fi
    sleep 0.1
  done
}

set_node_modes
install_vmattach
install_nested_guest
start_daemons
