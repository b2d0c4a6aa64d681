/* Moves the clock on the wall while a file says by how many seconds: CLOCK_MOVED (ld.so(8)). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*original)(clockid_t, struct timespec *);
    const char *moved = getenv("CLOCK_MOVED");
    long seconds = 0;
    FILE *told;

    if (!original)
        original = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = original(clock, now);
    if (!failed && clock == CLOCK_REALTIME && moved && (told = fopen(moved, "re"))) {
        if (fscanf(told, "%ld", &seconds) == 1)
            now->tv_sec += seconds;
        fclose(told);
    }
    return failed;
}
