/*
 * Loaded into keytrail (LD_PRELOAD). While a file of one of these names is in the directory FAULTY_DISK:
 *
 *   journal   writes and syncs below journal/ fail with EIO
 *   store     those of store.mdb do
 *   meta      those of its first two pages do: LMDB's meta pages
 *   hang      syncs below journal/ don't return
 *   later     the system's clock is 40 minutes ahead
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define META_BYTES 8192
#define LATER_SECONDS 2400

static int is_on(const char *fault) {
  static char *directory;
  char path[PATH_MAX];
  if (!directory) directory = getenv("FAULTY_DISK");
  if (!directory) return 0;
  snprintf(path, sizeof path, "%s/%s", directory, fault);
  int error = errno, on = access(path, F_OK) == 0;
  errno = error;
  return on;
}

static int is_of(int fd, const char *part) {
  char name[64], path[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, part) != NULL;
}

static int fails(int fd, off_t at) {
  if ((is_on("journal") && is_of(fd, "/journal/")) || (is_on("store") && is_of(fd, "/store.mdb")) ||
      (at >= 0 && at < META_BYTES && is_on("meta") && is_of(fd, "/store.mdb"))) {
    errno = EIO;
    return 1;
  }
  return 0;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t length) { REAL(write); return fails(fd, -1) ? -1 : real(fd, bytes, length); }
ssize_t writev(int fd, const struct iovec *parts, int count) { REAL(writev); return fails(fd, -1) ? -1 : real(fd, parts, count); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { REAL(pwrite64); return fails(fd, at) ? -1 : real(fd, bytes, length, at); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { REAL(pwritev64); return fails(fd, at) ? -1 : real(fd, parts, count, at); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }
int fsync(int fd) { REAL(fsync); return fails(fd, -1) ? -1 : real(fd); }

int fdatasync(int fd) {
  REAL(fdatasync);
  while (is_on("hang") && is_of(fd, "/journal/")) usleep(10000);
  return fails(fd, -1) ? -1 : real(fd);
}

/* What Date.now() reads. */
int gettimeofday(struct timeval *time, void *zone) {
  static int (*real)(struct timeval *, void *);
  if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(time, zone);
  if (result == 0 && is_on("later")) time->tv_sec += LATER_SECONDS;
  return result;
}
