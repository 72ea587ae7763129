/* Kills the process at its k-th write to a SQLite file, or lets the disk fail. Preloaded into a worker by tests/src/shim.rs.
 *
 *   CRASH_AT=k         the operation to die at, from 1
 *   CRASH_WHEN=before  dies instead of the operation; "after": once it is done; "torn": after half of a write
 *   CRASH_COUNT=file   writes the number of operations there when the process exits by itself
 *   FAIL_SYNC=k        the k-th sync of a write-ahead log fails once, after its pages were written
 *   FAIL_MARK=file     is made when it does
 *
 * Operations: write, pwrite, ftruncate, fsync, fdatasync on a file named *.db, *.db-wal, *.db-shm or *.db-journal, and
 * unlink of one. SQLite is linked into the worker, but it calls the C library through the dynamic linker. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum moment { BEFORE, AFTER, TORN };

static atomic_long operations;
static long crash_at;
static enum moment crash_when;
static atomic_long syncs;
static long fail_sync;

__attribute__((constructor)) static void configure(void)
{
    const char *at = getenv("CRASH_AT");
    const char *when = getenv("CRASH_WHEN");
    const char *sync = getenv("FAIL_SYNC");
    crash_at = at ? atol(at) : 0;
    fail_sync = sync ? atol(sync) : 0;
    if (when && strcmp(when, "after") == 0)
        crash_when = AFTER;
    if (when && strcmp(when, "torn") == 0)
        crash_when = TORN;
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("CRASH_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", atomic_load(&operations));
        fclose(file);
    }
}

static int is_database(const char *path)
{
    static const char *const suffixes[] = {".db", ".db-wal", ".db-shm", ".db-journal"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t suffix = strlen(suffixes[i]);
        if (length >= suffix && strcmp(path + length - suffix, suffixes[i]) == 0)
            return 1;
    }
    return 0;
}

static int has_path(int fd, int (*is)(const char *))
{
    char link[64];
    char path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is(path);
}

static int is_database_fd(int fd)
{
    return has_path(fd, is_database);
}

static int is_log(const char *path)
{
    size_t length = strlen(path);
    return length >= 7 && strcmp(path + length - 7, ".db-wal") == 0;
}

/* Whether this sync is the one that fails. */
static int fails(int fd)
{
    if (!fail_sync || !has_path(fd, is_log) || atomic_fetch_add(&syncs, 1) + 1 != fail_sync)
        return 0;
    const char *path = getenv("FAIL_MARK");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file)
        fclose(file);
    errno = EIO;
    return 1;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Counts one operation; whether it is the one to die at. Dies here if that is to happen before it. */
static int strikes(int counts)
{
    if (!counts || atomic_fetch_add(&operations, 1) + 1 != crash_at)
        return 0;
    if (crash_when == BEFORE)
        die();
    return 1;
}

/* The C library's own function of the same name. */
#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) \
        *(void **)&real = dlsym(RTLD_NEXT, #name)

#define DIE_AFTER(struck) \
    do { \
        if (struck) \
            die(); \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t length)
{
    REAL(ssize_t, write, int, const void *, size_t);
    int struck = strikes(is_database_fd(fd));
    ssize_t done = real(fd, bytes, struck && crash_when == TORN ? length / 2 : length);
    DIE_AFTER(struck);
    return done;
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t length, offset_type offset) \
    { \
        REAL(ssize_t, name, int, const void *, size_t, offset_type); \
        int struck = strikes(is_database_fd(fd)); \
        ssize_t done = real(fd, bytes, struck && crash_when == TORN ? length / 2 : length, offset); \
        DIE_AFTER(struck); \
        return done; \
    }

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type length) \
    { \
        REAL(int, name, int, offset_type); \
        int struck = strikes(is_database_fd(fd)); \
        int done = real(fd, length); \
        DIE_AFTER(struck); \
        return done; \
    }

#define SYNC(name) \
    int name(int fd) \
    { \
        REAL(int, name, int); \
        if (fails(fd)) \
            return -1; \
        int struck = strikes(is_database_fd(fd)); \
        int done = real(fd); \
        DIE_AFTER(struck); \
        return done; \
    }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path)
{
    REAL(int, unlink, const char *);
    int struck = strikes(is_database(path));
    int done = real(path);
    DIE_AFTER(struck);
    return done;
}
