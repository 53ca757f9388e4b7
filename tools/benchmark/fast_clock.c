/* A clock that runs faster than the true one, for a whole process tree: loaded before the C library (LD_PRELOAD).

   MONITOR_FAST_CLOCK names a file that `fast_clock.py` writes: how fast the clock runs at present, and since when.
   Clocks that are read show what has passed so; waits, and moments that are waited for, are turned back. The
   clocks of processor time, and the times of files, are true. The wall clock keeps its distance to the steady one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define BILLION 1000000000LL

/* What the file holds; `writes` is odd while the rest is written. */
struct clock {
    _Atomic long long writes;
    long long true_ns, shown_ns; /* the steady clock when this speed began: as it is, and as it is shown */
    long long wall_ns;           /* how far the shown wall clock is ahead of the shown steady one */
    double speed;
};

static struct clock *shared;
static int (*true_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("MONITOR_FAST_CLOCK");
    true_gettime = REAL(clock_gettime);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *found = mmap(NULL, sizeof(struct clock), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (found != MAP_FAILED) shared = found;
}

/* What holds, and if asked for the true steady clock, read while it held: else time might go back at a change. */
static struct clock now_in_force(struct timespec *now) {
    struct clock copy = {0, 0, 0, 0, 1.0};
    long long writes;
    if (!shared) return copy;
    do {
        writes = atomic_load(&shared->writes);
        copy.true_ns = shared->true_ns, copy.shown_ns = shared->shown_ns;
        copy.wall_ns = shared->wall_ns, copy.speed = shared->speed;
        if (now) true_gettime(CLOCK_MONOTONIC, now);
        atomic_thread_fence(memory_order_acquire);
    } while (writes % 2 || writes != atomic_load(&shared->writes));
    return copy;
}

static double speed(void) { return now_in_force(NULL).speed; }

static double seconds(const struct timespec *t) { return (double)t->tv_sec + 1e-9 * (double)t->tv_nsec; }

static struct timespec spec(double s) {
    struct timespec t = {0, 0};
    if (s > 0.0) { t.tv_sec = (time_t)s; t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9); }
    return t;
}

static int is_wall(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE; }
static int is_steady(clockid_t id) {
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME;
}

static long long ns(const struct timespec *t) { return t->tv_sec * BILLION + t->tv_nsec; }

/* The interpreter's threads alternate by waits of 5 ms; were these shorter, they would do nothing but that. */
#define SHORTEST_NS 5000000LL

/* When, truly, the shown clock will show a moment; seconds of a wall clock are far more than those since a start. */
static struct timespec true_moment(const struct timespec *shown) {
    if (!shared) return *shown;
    struct timespec now;
    struct clock c = now_in_force(&now);
    int wall = shown->tv_sec > 1000000000;
    double left = ns(shown) - (wall ? c.wall_ns : 0) - c.shown_ns - (double)(ns(&now) - c.true_ns) * c.speed;
    long long steady = ns(&now) + (long long)(left > SHORTEST_NS ? left / c.speed : left);
    if (wall) { /* the C library will compare it with the true wall clock */
        struct timespec wall_now;
        true_gettime(CLOCK_REALTIME, &wall_now);
        steady += ns(&wall_now) - ns(&now);
    }
    struct timespec t = {steady / BILLION, steady % BILLION};
    return t;
}

static int shorter_ms(int ms) { return ms <= 0 ? ms : (int)((ms + speed() - 1.0) / speed()); }

int clock_gettime(clockid_t id, struct timespec *t) {
    if (!true_gettime) true_gettime = REAL(clock_gettime);
    if (!shared || !(is_wall(id) || is_steady(id))) return true_gettime(id, t);
    struct timespec now;
    struct clock c = now_in_force(&now);
    long long shown = c.shown_ns + (long long)((double)(ns(&now) - c.true_ns) * c.speed);
    shown += is_wall(id) ? c.wall_ns : 0;
    t->tv_sec = shown / BILLION;
    t->tv_nsec = shown % BILLION;
    return 0;
}

time_t time(time_t *where) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (where) *where = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict where, void *restrict zone) {
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    where->tv_sec = t.tv_sec;
    where->tv_usec = t.tv_nsec / 1000;
    return 0;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *wanted, struct timespec *rest) {
    struct timespec t = flags & TIMER_ABSTIME ? true_moment(wanted) : spec(seconds(wanted) / speed());
    int failed = REAL(clock_nanosleep)(id, flags, &t, rest);
    if (failed && rest && !(flags & TIMER_ABSTIME)) *rest = spec(seconds(rest) * speed());
    return failed;
}

int nanosleep(const struct timespec *wanted, struct timespec *rest) {
    int failed = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, rest);
    if (failed) errno = failed;
    return failed ? -1 : 0;
}

int usleep(useconds_t us) { struct timespec t = spec(us * 1e-6); return nanosleep(&t, NULL); }

int poll(struct pollfd *fds, nfds_t n, int ms) {
    struct timespec t = spec(ms * 1e-3 / speed());
    return REAL(ppoll)(fds, n, ms < 0 ? NULL : &t, NULL);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *wanted, const sigset_t *mask) {
    struct timespec t = wanted ? spec(seconds(wanted) / speed()) : spec(0);
    return REAL(ppoll)(fds, n, wanted ? &t : NULL, mask);
}

int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e, struct timeval *restrict wanted) {
    struct timespec t = wanted ? spec((wanted->tv_sec + 1e-6 * wanted->tv_usec) / speed()) : spec(0);
    return REAL(pselect)(n, r, w, e, wanted ? &t : NULL, NULL);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int ms) {
    return REAL(epoll_wait)(fd, events, most, shorter_ms(ms));
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict at) {
    struct timespec t = true_moment(at);
    return REAL(sem_timedwait)(s, &t);
}

int sem_clockwait(sem_t *restrict s, clockid_t id, const struct timespec *restrict at) {
    struct timespec t = true_moment(at);
    return REAL(sem_clockwait)(s, id, &t);
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const struct timespec *restrict at) {
    struct timespec t = true_moment(at);
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!real) real = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    return (real ? real : REAL(pthread_cond_timedwait))(c, m, &t);
}

int pthread_cond_clockwait(
    pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t id, const struct timespec *restrict at) {
    struct timespec t = true_moment(at);
    return REAL(pthread_cond_clockwait)(c, m, id, &t);
}
