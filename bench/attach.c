/*
 * Attaches devices and maps guest RAM with the calls that are needed and no others, one after another: what a straightforward
 * C program takes. Prints the ms from the first call to the last, and the ms of mapping guest RAM alone.
 *
 *   attach [--populate] iommufd|type1 MIB ADDRESS...
 *
 * With --populate the pages of guest RAM are made before anything is timed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* From linux/iommufd.h and linux/vfio.h; headers older than Linux 6.6 lack them. */
struct ioas_alloc { uint32_t size, flags, out_ioas_id; };
struct ioas_map { uint32_t size, flags, ioas_id, reserved; uint64_t user_va, length, iova; };
struct bind_iommufd { uint32_t argsz, flags; int32_t iommufd; uint32_t out_devid; };
struct attach_pt { uint32_t argsz, flags, pt_id; };
#define IOAS_ALLOC _IO(';', 0x81)
#define IOAS_MAP _IO(';', 0x85)
#define BIND_IOMMUFD _IO(';', 100 + 18)
#define ATTACH_PT _IO(';', 100 + 19)
#define MAP_FIXED_READ_WRITE 7
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static void check(int failed, const char *what) {
  if (failed) {
    perror(what);
    exit(1);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int open_node(const char *path) {
  int fd = open(path, O_RDWR | O_CLOEXEC);
  check(fd < 0, path);
  return fd;
}

static void *make_ram(uint64_t size) {
  void *ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(ram == MAP_FAILED, "mmap");
  madvise(ram, size, MADV_HUGEPAGE);
  return ram;
}

static void get_info(int device) {
  struct vfio_device_info info = {.argsz = sizeof info};
  check(ioctl(device, VFIO_DEVICE_GET_INFO, &info), "VFIO_DEVICE_GET_INFO");
}

static int open_cdev(const char *address) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/vfio-dev", address);
  DIR *directory = opendir(path);
  check(directory == NULL, path);
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (strncmp(entry->d_name, "vfio", 4) == 0) {
      snprintf(path, sizeof path, "/dev/vfio/devices/%s", entry->d_name);
      closedir(directory);
      return open_node(path);
    }
  }
  fprintf(stderr, "%s has no cdev\n", address);
  exit(1);
}

static int open_group(const char *address) {
  char link[PATH_MAX], target[PATH_MAX] = "", path[PATH_MAX];
  snprintf(link, sizeof link, "/sys/bus/pci/devices/%s/iommu_group", address);
  check(readlink(link, target, sizeof target - 1) < 0, link);
  snprintf(path, sizeof path, "/dev/vfio/%s", strrchr(target, '/') + 1);
  return open_node(path);
}

static void map_iommufd(int iommufd, uint32_t ioas, void *ram, uint64_t size) {
  struct ioas_map map = {
      .size = sizeof map,
      .flags = MAP_FIXED_READ_WRITE,
      .ioas_id = ioas,
      .user_va = (uintptr_t)ram,
      .length = size,
  };
  check(ioctl(iommufd, IOAS_MAP, &map), "IOMMU_IOAS_MAP");
}

static double attach_iommufd(void *ram, uint64_t size, int count, char **addresses) {
  int iommufd = open_node("/dev/iommu");
  struct ioas_alloc ioas = {.size = sizeof ioas};
  check(ioctl(iommufd, IOAS_ALLOC, &ioas), "IOMMU_IOAS_ALLOC");
  for (int i = 0; i < count; i++) {
    int device = open_cdev(addresses[i]);
    struct bind_iommufd bind = {.argsz = sizeof bind, .iommufd = iommufd};
    check(ioctl(device, BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
    struct attach_pt attach = {.argsz = sizeof attach, .pt_id = ioas.out_ioas_id};
    check(ioctl(device, ATTACH_PT, &attach), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
    get_info(device);
  }
  double began = now();
  map_iommufd(iommufd, ioas.out_ioas_id, ram, size);
  return now() - began;
}

static double attach_type1(void *ram, uint64_t size, int count, char **addresses) {
  int container = open_node("/dev/vfio/vfio");
  for (int i = 0; i < count; i++) {
    int group = open_group(addresses[i]);
    check(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
    check(i == 0 && ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "VFIO_SET_IOMMU");
    int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, addresses[i]);
    check(device < 0, "VFIO_GROUP_GET_DEVICE_FD");
    get_info(device);
  }
  struct vfio_iommu_type1_dma_map map = {
      .argsz = sizeof map,
      .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
      .vaddr = (uintptr_t)ram,
      .size = size,
  };
  double began = now();
  check(ioctl(container, VFIO_IOMMU_MAP_DMA, &map), "VFIO_IOMMU_MAP_DMA");
  return now() - began;
}

int main(int count, char **arguments) {
  int populate = count > 1 && strcmp(arguments[1], "--populate") == 0;
  char **operands = arguments + 1 + populate;
  int devices = count - populate - 3;
  if (devices < 1) {
    fprintf(stderr, "usage: %s [--populate] iommufd|type1 MIB ADDRESS...\n", arguments[0]);
    return 2;
  }
  uint64_t size = strtoull(operands[1], NULL, 10) << 20;
  double began = now();
  void *ram = make_ram(size);
  if (populate) {
    check(madvise(ram, size, MADV_POPULATE_WRITE), "madvise");
    began = now();
  }
  double map = strcmp(operands[0], "iommufd") == 0 ? attach_iommufd(ram, size, devices, operands + 2)
                                                   : attach_type1(ram, size, devices, operands + 2);
  printf("%.3f %.3f\n", now() - began, map);
  return 0;
}
