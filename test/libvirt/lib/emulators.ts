/** QEMU, which libvirt starts by itself. */
export const QEMU = '/usr/bin/qemu-system-x86_64';

/** vmattach as it is installed in the guest. */
export const VMATTACH = '/usr/local/bin/vmattach';
