/* Lets a disk refuse what is done below a folder while a file says so: a quota, a fault.
 *
 * To be preloaded (ld.so(8)). REFUSED_BELOW is the folder. REFUSALS is a file that holds the errno
 * that is given there as long as it is there:
 *
 *     122        to every write(2) and fsync(2)
 *     5 17       to the 17th call that changes something, once
 *     5 1 fsync  to the first of these calls, once
 *     5 0        of each job that is called n001, n002 … to the first, second … call that changes
 *                something of it, once
 *
 * What is refused once is told in a file beside REFUSALS, with `.log` at the end of its name.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_JOBS 1000
static int calls[MOST_JOBS]; /* by the number of the job; 0 for all that is of none */

static int number_in(const char *path)
{
    for (const char *at = path; (at = strchr(at, 'n')); at++)
        if (at > path && strchr("/-", at[-1]) && isdigit(at[1]) && isdigit(at[2]) && isdigit(at[3])
            && !isalnum(at[4]))
            return atoi(at + 1);
    return 0;
}

static void tell(const char *call, const char *path)
{
    static int (*original)(const char *, int, ...);
    static ssize_t (*original_write)(int, const void *, size_t);
    char name[4096], line[4200];
    if (!original) {
        original = dlsym(RTLD_NEXT, "open");
        original_write = dlsym(RTLD_NEXT, "write");
    }
    snprintf(name, sizeof name, "%s.log", getenv("REFUSALS"));
    int log = original(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    if (log >= 0 && original_write(log, line, length) != length)
        abort();
    close(log);
}

/* Give the errno with which a call that concerns a path is refused; 0 lets it by. */
static int refused(const char *call, const char *path)
{
    const char *folder = getenv("REFUSED_BELOW"), *refusals = getenv("REFUSALS");
    int number = 0, nth = -1;
    char only[16] = "";
    FILE *told;

    if (!folder || !refusals || strncmp(path, folder, strlen(folder)))
        return 0;
    if (!(told = fopen(refusals, "re")))
        return 0;
    if (fscanf(told, "%d %d %15s", &number, &nth, only) < 1)
        number = 0;
    fclose(told);
    if (nth < 0)
        return strcmp(call, "write") && strcmp(call, "fsync") ? 0 : number;
    if (*only && strcmp(call, only))
        return 0;
    int job = nth ? 0 : number_in(path);
    if (!nth && !job)
        return 0;
    int count = __atomic_add_fetch(&calls[job], 1, __ATOMIC_SEQ_CST);
    if (count != (nth ? nth : job))
        return 0;
    tell(call, path);
    return number;
}

static int refused_at(const char *call, int folder, const char *name)
{
    char link[64], path[4096] = "";
    if (name[0] == '/')
        return refused(call, name);
    if (folder == AT_FDCWD) {
        if (!getcwd(path, sizeof path))
            return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length < 0)
            return 0;
        path[length] = 0;
    }
    size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, "%s%s", *name ? "/" : "", name);
    return refused(call, path);
}

static int refused_of(const char *call, int fd)
{
    return refused_at(call, fd, "");
}

/* A call of these arguments, refused where WHY gives an errno. */
#define REFUSING(TYPE, NAME, PARAMETERS, ARGUMENTS, WHY)                                           \
    TYPE NAME PARAMETERS                                                                           \
    {                                                                                              \
        static TYPE(*original) PARAMETERS;                                                         \
        if (!original)                                                                             \
            original = dlsym(RTLD_NEXT, #NAME);                                                    \
        int number = WHY;                                                                          \
        if (!number)                                                                               \
            return original ARGUMENTS;                                                             \
        errno = number;                                                                            \
        return -1;                                                                                 \
    }

REFUSING(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count),
         refused_of("write", fd))
REFUSING(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at),
         (fd, bytes, count, at), refused_of("write", fd))
REFUSING(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at),
         (fd, bytes, count, at), refused_of("write", fd))
REFUSING(int, fsync, (int fd), (fd), refused_of("fsync", fd))
REFUSING(int, fdatasync, (int fd), (fd), refused_of("fsync", fd))
REFUSING(int, ftruncate, (int fd, off_t size), (fd, size), refused_of("truncate", fd))
REFUSING(int, ftruncate64, (int fd, off64_t size), (fd, size), refused_of("truncate", fd))
REFUSING(int, mkdir, (const char *path, mode_t mode), (path, mode),
         refused_at("mkdir", AT_FDCWD, path))
REFUSING(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode),
         refused_at("mkdir", folder, path))
REFUSING(int, unlink, (const char *path), (path), refused_at("unlink", AT_FDCWD, path))
REFUSING(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags),
         refused_at("unlink", folder, path))
REFUSING(int, rmdir, (const char *path), (path), refused_at("rmdir", AT_FDCWD, path))
REFUSING(int, rename, (const char *from, const char *to), (from, to),
         refused_at("rename", AT_FDCWD, to))
REFUSING(int, renameat, (int at, const char *from, int folder, const char *to),
         (at, from, folder, to), refused_at("rename", folder, to))
REFUSING(int, link, (const char *from, const char *to), (from, to),
         refused_at("link", AT_FDCWD, to))
REFUSING(int, linkat, (int at, const char *from, int folder, const char *to, int flags),
         (at, from, folder, to, flags), refused_at("link", folder, to))

/* Opening is refused where it would make a file. */
#define REFUSING_OPEN(NAME, PARAMETERS, ARGUMENTS, FOLDER)                                         \
    int NAME PARAMETERS                                                                            \
    {                                                                                              \
        static int(*original) PARAMETERS;                                                          \
        if (!original)                                                                             \
            original = dlsym(RTLD_NEXT, #NAME);                                                    \
        mode_t mode = 0;                                                                           \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                     \
            va_list more;                                                                          \
            va_start(more, flags);                                                                 \
            mode = va_arg(more, mode_t);                                                           \
            va_end(more);                                                                          \
        }                                                                                          \
        int number = flags & O_CREAT ? refused_at("create", FOLDER, path) : 0;                     \
        if (!number)                                                                               \
            return original ARGUMENTS;                                                             \
        errno = number;                                                                            \
        return -1;                                                                                 \
    }

REFUSING_OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
REFUSING_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
REFUSING_OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode),
              folder)
REFUSING_OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode),
              folder)
