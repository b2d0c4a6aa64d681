/* Lets a disk refuse what is written below a folder while a file says so: a quota, a fault.
 *
 * To be preloaded (ld.so(8)). REFUSED_BELOW is the folder, REFUSALS a file that holds the errno
 * that write(2) and fsync(2) give there as long as it is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refused(int fd)
{
    const char *folder = getenv("REFUSED_BELOW"), *refusals = getenv("REFUSALS");
    char link[64], path[4096];
    int number = 0;
    FILE *told;

    if (!folder || !refusals || !(told = fopen(refusals, "r")))
        return 0;
    if (fscanf(told, "%d", &number) != 1)
        number = 0;
    fclose(told);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) ? 0 : number;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    static ssize_t (*original)(int, const void *, size_t);
    if (!original)
        original = dlsym(RTLD_NEXT, "write");
    int number = refused(fd);
    if (!number)
        return original(fd, bytes, count);
    errno = number;
    return -1;
}

int fsync(int fd)
{
    static int (*original)(int);
    if (!original)
        original = dlsym(RTLD_NEXT, "fsync");
    int number = refused(fd);
    if (!number)
        return original(fd);
    errno = number;
    return -1;
}
