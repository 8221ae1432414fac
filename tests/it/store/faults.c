/* Put before the C library: calls on the store's files fail while the file FAULT_WHILE is there.
   FAULT=full: writes have no room. FAULT=write, FAULT=sync: the first one of the process on -wal is an I/O error. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd, const char *kind, int once) {
    static int done;
    const char *fault = getenv("FAULT"), *trigger = getenv("FAULT_WHILE");
    char link[64], path[4096];
    if (!fault || !trigger || strcmp(fault, kind) || access(trigger, F_OK)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    if (!strstr(path, "alerts.db") || strstr(path, "-shm") || (once && (done || !strstr(path, "-wal")))) return 0;
    if (once) done = 1;
    errno = once ? EIO : ENOSPC;
    return 1;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define WRITE_FAILS(fd) (fails(fd, "full", 0) || fails(fd, "write", 1))

ssize_t write(int fd, const void *data, size_t n) { REAL(write); return WRITE_FAILS(fd) ? -1 : real(fd, data, n); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { REAL(pwrite); return WRITE_FAILS(fd) ? -1 : real(fd, data, n, at); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) { REAL(pwrite64); return WRITE_FAILS(fd) ? -1 : real(fd, data, n, at); }
int fsync(int fd) { REAL(fsync); return fails(fd, "sync", 1) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails(fd, "sync", 1) ? -1 : real(fd); }
