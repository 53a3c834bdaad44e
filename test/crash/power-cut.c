/*
 * Loaded into keytrail (LD_PRELOAD), this notes for every write below POWER_CUT_BELOW what stood there before, in
 * POWER_CUT_LOG, until the file is synced: what a power cut may undo. power-cut.ts applies it. Entries are written
 * before what they tell of, so that whoever is killed in between has told too much, never too little; one lock
 * keeps their order that of the writes. With POWER_CUT_LIES set, syncs count for nothing: the disk lies.
 *
 *   u32 kind   u32 bytes of path   u64 inode   u64 offset   u64 bytes written   u64 bytes that stood there
 *   u64 size of the file before; path; what stood there
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNCED, CREATED, UNLINKED, RENAMED, DIRECTORY_SYNCED };
enum { NOT_OURS, FILE_OURS, FILE_SYNCHRONOUS, DIRECTORY_OURS };
#define DESCRIPTORS 65536

static struct { uint32_t kind, path; uint64_t inode, offset, wrote, stood, size; } entry;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char kinds[DESCRIPTORS];
static ino_t inodes[DESCRIPTORS];
static char *below, *log_path;
static int log_fd = -1, lies, asides;

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int fd, const void *bytes, size_t length) {
  REAL(write);
  return real(fd, bytes, length);
}

__attribute__((constructor)) static void begin(void) {
  below = getenv("POWER_CUT_BELOW");
  log_path = getenv("POWER_CUT_LOG");
  lies = getenv("POWER_CUT_LIES") != NULL;
  if (!below || !log_path) return;
  static int (*real)(const char *, int, ...);
  real = dlsym(RTLD_NEXT, "open");
  log_fd = real(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void must_write(const void *bytes, size_t length) {
  if (length > 0 && real_write(log_fd, bytes, length) != (ssize_t)length) {
    perror("power-cut: its log");
    abort();
  }
}

static void tell(uint32_t kind, const struct stat *file, const char *path, uint64_t offset, uint64_t wrote,
                 uint64_t stood) {
  entry.kind = kind;
  entry.path = path ? strlen(path) : 0;
  entry.inode = file ? file->st_ino : 0;
  entry.offset = offset;
  entry.wrote = wrote;
  entry.stood = stood;
  entry.size = file ? file->st_size : 0;
  must_write(&entry, sizeof entry);
  if (path) must_write(path, entry.path);
}

static int is_ours(const char *path) {
  size_t length = below ? strlen(below) : 0;
  return log_fd >= 0 && path && !strncmp(path, below, length) && (path[length] == '/' || !path[length]);
}

/* Its parent holds the name of the directory itself. */
static int is_parent(const char *path) {
  size_t length = path ? strlen(path) : 0;
  if (log_fd < 0 || !length || strncmp(below, path, length)) return 0;
  return below[length] == '/' && !strchr(below + length + 1, '/');
}

/* A descriptor may have been closed by a system call of its own (libuv does) and be another file's by now. */
static int kind_of(int fd) {
  struct stat file;
  if (fd < 0 || fd >= DESCRIPTORS || !kinds[fd]) return NOT_OURS;
  if (fstat(fd, &file) || file.st_ino != inodes[fd]) kinds[fd] = NOT_OURS;
  return kinds[fd];
}

/* What stands in a range, as far as the file reaches, goes into the log. */
static void tell_before(int fd, off_t offset, size_t length) {
  static char bytes[1 << 16];
  struct stat file;
  fstat(fd, &file);
  size_t there = offset >= file.st_size ? 0 : (size_t)(file.st_size - offset);
  if (there > length) there = length;
  static int readable = -1;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  static int (*real)(const char *, int, ...);
  if (!real) real = dlsym(RTLD_NEXT, "open");
  readable = real(name, O_RDONLY | O_CLOEXEC);
  static ssize_t (*read_at)(int, void *, size_t, off_t);
  if (!read_at) read_at = dlsym(RTLD_NEXT, "pread");
  tell(WRITE, &file, NULL, offset, length, there);
  for (size_t done = 0; done < there;) {
    size_t part = there - done < sizeof bytes ? there - done : sizeof bytes;
    ssize_t got = read_at(readable, bytes, part, offset + done);
    if (got <= 0) { perror("power-cut: reading what stands there"); abort(); }
    must_write(bytes, got);
    done += got;
  }
  static int (*shut)(int);
  if (!shut) shut = dlsym(RTLD_NEXT, "close");
  shut(readable);
}

static void tell_range_synced(int fd, off_t offset, size_t length) {
  struct stat file;
  if (lies) return;
  fstat(fd, &file);
  tell(SYNCED, &file, NULL, offset, length, 0);
}

#define WRITTEN(call, at, length)                                   \
  if (!kind_of(fd)) return call;                                    \
  pthread_mutex_lock(&lock);                                        \
  tell_before(fd, at, length);                                      \
  ssize_t result = call;                                            \
  int error = errno;                                                \
  if (kind_of(fd) == FILE_SYNCHRONOUS) tell_range_synced(fd, at, length); \
  pthread_mutex_unlock(&lock);                                      \
  errno = error;                                                    \
  return result

static size_t total(const struct iovec *parts, int count) {
  size_t sum = 0;
  for (int i = 0; i < count; i++) sum += parts[i].iov_len;
  return sum;
}

static off_t here(int fd) { return lseek(fd, 0, SEEK_CUR); }

ssize_t write(int fd, const void *bytes, size_t length) { WRITTEN(real_write(fd, bytes, length), here(fd), length); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  WRITTEN(real(fd, parts, count), here(fd), total(parts, count));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  REAL(pwrite);
  WRITTEN(real(fd, bytes, length, at), at, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  REAL(pwritev);
  WRITTEN(real(fd, parts, count, at), at, total(parts, count));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev(fd, parts, count, at); }

int ftruncate(int fd, off_t length) {
  REAL(ftruncate);
  struct stat file;
  fstat(fd, &file);
  WRITTEN(real(fd, length), length, file.st_size > length ? file.st_size - length : 0);
}

int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

/* A sync counts for what was written before it began. */
static int synced(int fd, int (*real)(int)) {
  struct stat file;
  char path[PATH_MAX] = "", name[64];
  int kind = kind_of(fd);
  if (!kind) return real(fd);
  pthread_mutex_lock(&lock);
  fstat(fd, &file);
  off_t began = lseek(log_fd, 0, SEEK_END);
  pthread_mutex_unlock(&lock);
  int result = real(fd);
  if (result || lies) return result;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  path[length > 0 ? length : 0] = 0;
  pthread_mutex_lock(&lock);
  tell(kind == DIRECTORY_OURS ? DIRECTORY_SYNCED : SYNCED, &file, path, began, UINT64_MAX, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) {
  REAL(fsync);
  return synced(fd, real);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return synced(fd, real);
}

/* O_TRUNC is a write, too. */
static void truncating(const char *path, int flags) {
  static int (*real)(const char *, int, ...);
  if (!real) real = dlsym(RTLD_NEXT, "open");
  struct stat file;
  if (!(flags & O_TRUNC) || !is_ours(path) || stat(path, &file) || !S_ISREG(file.st_mode)) return;
  int fd = real(path, O_RDONLY | O_CLOEXEC);
  pthread_mutex_lock(&lock);
  tell_before(fd, 0, file.st_size);
  pthread_mutex_unlock(&lock);
  static int (*shut)(int);
  if (!shut) shut = dlsym(RTLD_NEXT, "close");
  shut(fd);
}

static int opened(int fd, const char *path, int flags, int is_new) {
  struct stat file;
  if (fd < 0 || fd >= DESCRIPTORS || (!is_ours(path) && !is_parent(path))) return fd;
  fstat(fd, &file);
  inodes[fd] = file.st_ino;
  kinds[fd] = NOT_OURS;
  if (S_ISDIR(file.st_mode)) kinds[fd] = DIRECTORY_OURS;
  else if (S_ISREG(file.st_mode) && (flags & O_ACCMODE) != O_RDONLY)
    kinds[fd] = flags & O_DSYNC ? FILE_SYNCHRONOUS : FILE_OURS;
  if (is_new) {
    pthread_mutex_lock(&lock);
    tell(CREATED, &file, path, 0, 0, 0);
    pthread_mutex_unlock(&lock);
  }
  return fd;
}

#define OPENED(call)                                                                  \
  mode_t mode = 0;                                                                    \
  if (flags & (O_CREAT | O_TMPFILE)) {                                                \
    va_list rest;                                                                     \
    va_start(rest, flags);                                                            \
    mode = va_arg(rest, mode_t);                                                      \
    va_end(rest);                                                                     \
  }                                                                                   \
  struct stat before;                                                                 \
  int is_new = is_ours(path) && (flags & O_CREAT) && stat(path, &before) != 0;        \
  truncating(path, flags);                                                            \
  return opened(call, path, flags, is_new)

int open(const char *path, int flags, ...) {
  REAL(open);
  OPENED(real(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  OPENED(real(path, flags, mode));
}

int openat(int at, const char *path, int flags, ...) {
  REAL(openat);
  OPENED(real(at, path, flags, mode));
}

int openat64(int at, const char *path, int flags, ...) {
  REAL(openat64);
  OPENED(real(at, path, flags, mode));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  int result = real(path, mode);
  struct stat file;
  if (result || !is_ours(path) || stat(path, &file)) return result;
  pthread_mutex_lock(&lock);
  tell(CREATED, &file, path, 0, 0, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

/* What this does not know how to undo must not pass for undone. */
int fallocate(int fd, int mode, off_t at, off_t length) {
  REAL(fallocate);
  if (kind_of(fd)) { fputs("power-cut: fallocate is not covered\n", stderr); abort(); }
  return real(fd, mode, at, length);
}

int posix_fallocate(int fd, off_t at, off_t length) {
  REAL(posix_fallocate);
  if (kind_of(fd)) { fputs("power-cut: posix_fallocate is not covered\n", stderr); abort(); }
  return real(fd, at, length);
}

int close(int fd) {
  REAL(close);
  if (kind_of(fd)) kinds[fd] = NOT_OURS;
  return real(fd);
}

/* What loses its name is kept beside the log under another, which the entry tells as its offset. */
static void set_aside(uint32_t kind, const char *path, const char *from) {
  char aside[PATH_MAX], told[2 * PATH_MAX];
  struct stat file = {0};
  int there = lstat(path, &file) == 0;
  if (there && !S_ISREG(file.st_mode)) return;
  pthread_mutex_lock(&lock);
  uint64_t number = there ? ++asides : 0;
  snprintf(aside, sizeof aside, "%s.aside.%d", log_path, asides);
  if (there && link(path, aside)) { perror("power-cut: setting a file aside"); abort(); }
  snprintf(told, sizeof told, from ? "%s\n%s" : "%s", path, from);
  tell(kind, &file, told, number, 0, 0);
  pthread_mutex_unlock(&lock);
}

int unlink(const char *path) {
  REAL(unlink);
  if (is_ours(path)) set_aside(UNLINKED, path, NULL);
  return real(path);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  if (is_ours(to) && is_ours(from)) set_aside(RENAMED, to, from);
  return real(from, to);
}
