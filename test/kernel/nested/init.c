/*
 * First and only program of the nested guest. Finds QEMU's `edu` device, lets its DMA engine read one page of this guest's RAM
 * and write it to another page, compares the two, and says on the console what came of it:
 *
 *   nested: 0000:00:03.0 moved 4096 bytes by DMA
 *   nested: failed: WHY
 *
 * Then it waits to be destroyed when the kernel was started with the word "hold", and powers off otherwise.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PCI_DEVICES "/sys/bus/pci/devices"
#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_IDENTIFICATION 0x010000edu

enum { IDENTIFICATION = 0x00, LIVENESS = 0x04, DMA_SOURCE = 0x80, DMA_DESTINATION = 0x88, DMA_COUNT = 0x90, DMA_COMMAND = 0x98 };
enum { DMA_START = 1, DMA_TO_RAM = 2 };
enum { EDU_BUFFER = 0x40000, PAGE = 4096, BAR_SIZE = 1 << 20, TRANSFER_TIMEOUT_SECONDS = 20 };
enum { PCI_COMMAND = 4, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4 };

static void finish(void)
{
    char words[1024] = "";
    int fd = open("/proc/cmdline", O_RDONLY);
    if (fd < 0 || read(fd, words, sizeof words - 1) < 0)
        words[0] = 0;
    fflush(stdout);
    if (strstr(words, "hold"))
        for (;;)
            pause();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("nested: failed: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    finish();
}

static int open_file(const char *address, const char *name, int flags)
{
    char path[256];
    snprintf(path, sizeof path, PCI_DEVICES "/%s/%s", address, name);
    int fd = open(path, flags);
    if (fd < 0)
        fail("%s: %s", path, strerror(errno));
    return fd;
}

static unsigned long read_id(const char *address, const char *name)
{
    char text[16] = "";
    int fd = open_file(address, name, O_RDONLY);
    if (read(fd, text, sizeof text - 1) <= 0)
        fail("%s has no %s", address, name);
    close(fd);
    return strtoul(text, NULL, 16);
}

static const char *find_edu(void)
{
    static char address[32];
    struct dirent *entry;
    DIR *list = opendir(PCI_DEVICES);
    if (!list)
        fail("%s: %s", PCI_DEVICES, strerror(errno));
    while ((entry = readdir(list))) {
        if (entry->d_name[0] == '.')
            continue;
        if (read_id(entry->d_name, "vendor") == EDU_VENDOR && read_id(entry->d_name, "device") == EDU_DEVICE) {
            snprintf(address, sizeof address, "%.31s", entry->d_name);
            closedir(list);
            return address;
        }
    }
    fail("there is no edu device");
    return NULL;
}

static void allow_dma(const char *address)
{
    uint16_t command;
    int fd = open_file(address, "config", O_RDWR);
    if (pread(fd, &command, sizeof command, PCI_COMMAND) != sizeof command)
        fail("its configuration space cannot be read");
    command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    if (pwrite(fd, &command, sizeof command, PCI_COMMAND) != sizeof command)
        fail("its configuration space cannot be written");
    close(fd);
}

static volatile uint32_t *map_registers(const char *address)
{
    void *registers = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, open_file(address, "resource0", O_RDWR | O_SYNC), 0);
    if (registers == MAP_FAILED)
        fail("BAR 0: %s", strerror(errno));
    return registers;
}

static unsigned char *new_page(int fill)
{
    unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    if (page == MAP_FAILED)
        fail("a page of RAM: %s", strerror(errno));
    memset(page, fill, PAGE);
    return page;
}

static uint64_t physical_address(const void *page)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0 || pread(fd, &entry, sizeof entry, (uintptr_t)page / PAGE * sizeof entry) != sizeof entry)
        fail("/proc/self/pagemap: %s", strerror(errno));
    close(fd);
    uint64_t frame = entry & ((1ull << 55) - 1);
    if (!(entry >> 63) || !frame)
        fail("a page has no physical address");
    return frame * PAGE;
}

static void transfer(volatile uint32_t *edu, uint32_t source, uint32_t destination, uint32_t command)
{
    time_t deadline = time(NULL) + TRANSFER_TIMEOUT_SECONDS;
    edu[DMA_SOURCE / 4] = source;
    edu[DMA_DESTINATION / 4] = destination;
    edu[DMA_COUNT / 4] = PAGE;
    edu[DMA_COMMAND / 4] = command;
    while (edu[DMA_COMMAND / 4] & DMA_START) {
        if (time(NULL) > deadline)
            fail("a transfer did not end within %d s", TRANSFER_TIMEOUT_SECONDS);
        usleep(1000);
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    if (mount("proc", "/proc", "proc", 0, NULL) || mount("sysfs", "/sys", "sysfs", 0, NULL))
        fail("/proc, /sys: %s", strerror(errno));

    const char *address = find_edu();
    allow_dma(address);
    volatile uint32_t *edu = map_registers(address);
    if (edu[IDENTIFICATION / 4] != EDU_IDENTIFICATION)
        fail("its identification is 0x%x", edu[IDENTIFICATION / 4]);
    edu[LIVENESS / 4] = 0x12345678;
    if (edu[LIVENESS / 4] != 0xedcba987)
        fail("its liveness register does not invert");

    unsigned char *source = new_page(0), *destination = new_page(0);
    for (int i = 0; i < PAGE; i++)
        source[i] = (unsigned char)(i * 7 + 1);
    transfer(edu, physical_address(source), EDU_BUFFER, DMA_START);
    transfer(edu, EDU_BUFFER, physical_address(destination), DMA_START | DMA_TO_RAM);
    if (memcmp(source, destination, PAGE))
        fail("what the device wrote to RAM is not what it read");
    printf("nested: %s moved %d bytes by DMA\n", address, PAGE);
    finish();
}
