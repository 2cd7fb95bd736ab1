/** Linux errno values (asm-generic/errno*.h) that VFIO, iommufd and the file calls return, with glibc's strerror(3) text. */
export const ERRNO = [
  { name: 'EPERM', errno: 1, text: 'Operation not permitted' },
  { name: 'ENOENT', errno: 2, text: 'No such file or directory' },
  { name: 'ESRCH', errno: 3, text: 'No such process' },
  { name: 'EINTR', errno: 4, text: 'Interrupted system call' },
  { name: 'EIO', errno: 5, text: 'Input/output error' },
  { name: 'ENXIO', errno: 6, text: 'No such device or address' },
  { name: 'E2BIG', errno: 7, text: 'Argument list too long' },
  { name: 'ENOEXEC', errno: 8, text: 'Exec format error' },
  { name: 'EBADF', errno: 9, text: 'Bad file descriptor' },
  { name: 'EAGAIN', errno: 11, text: 'Resource temporarily unavailable' },
  { name: 'ENOMEM', errno: 12, text: 'Cannot allocate memory' },
  { name: 'EACCES', errno: 13, text: 'Permission denied' },
  { name: 'EFAULT', errno: 14, text: 'Bad address' },
  { name: 'EBUSY', errno: 16, text: 'Device or resource busy' },
  { name: 'EEXIST', errno: 17, text: 'File exists' },
  { name: 'EXDEV', errno: 18, text: 'Invalid cross-device link' },
  { name: 'ENODEV', errno: 19, text: 'No such device' },
  { name: 'ENOTDIR', errno: 20, text: 'Not a directory' },
  { name: 'EISDIR', errno: 21, text: 'Is a directory' },
  { name: 'EINVAL', errno: 22, text: 'Invalid argument' },
  { name: 'ENFILE', errno: 23, text: 'Too many open files in system' },
  { name: 'EMFILE', errno: 24, text: 'Too many open files' },
  { name: 'ENOTTY', errno: 25, text: 'Inappropriate ioctl for device' },
  { name: 'ETXTBSY', errno: 26, text: 'Text file busy' },
  { name: 'EFBIG', errno: 27, text: 'File too large' },
  { name: 'ENOSPC', errno: 28, text: 'No space left on device' },
  { name: 'EROFS', errno: 30, text: 'Read-only file system' },
  { name: 'EPIPE', errno: 32, text: 'Broken pipe' },
  { name: 'ERANGE', errno: 34, text: 'Numerical result out of range' },
  { name: 'ENAMETOOLONG', errno: 36, text: 'File name too long' },
  { name: 'ENOSYS', errno: 38, text: 'Function not implemented' },
  { name: 'ELOOP', errno: 40, text: 'Too many levels of symbolic links' },
  { name: 'ENODATA', errno: 61, text: 'No data available' },
  { name: 'EOVERFLOW', errno: 75, text: 'Value too large for defined data type' },
  { name: 'EBADFD', errno: 77, text: 'File descriptor in bad state' },
  { name: 'EILSEQ', errno: 84, text: 'Invalid or incomplete multibyte or wide character' },
  { name: 'EUSERS', errno: 87, text: 'Too many users' },
  { name: 'ENOTSOCK', errno: 88, text: 'Socket operation on non-socket' },
  { name: 'EMSGSIZE', errno: 90, text: 'Message too long' },
  { name: 'EOPNOTSUPP', errno: 95, text: 'Operation not supported' },
  { name: 'EADDRINUSE', errno: 98, text: 'Address already in use' },
  { name: 'ETIMEDOUT', errno: 110, text: 'Connection timed out' },
  { name: 'ECONNREFUSED', errno: 111, text: 'Connection refused' },
  { name: 'EMEDIUMTYPE', errno: 124, text: 'Wrong medium type' },
] as const;

export type ErrnoName = (typeof ERRNO)[number]['name'];

const NUMBERS = new Map<ErrnoName, number>(ERRNO.map((entry) => [entry.name, entry.errno]));

/** The number of an errno known by name. */
export const errnoNumber = (name: ErrnoName): number => NUMBERS.get(name) as number;
