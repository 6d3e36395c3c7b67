/*
 * The memory of sysalloc's mapShared(), with wait() and notify(), for C and C++ on Linux. Load and
 * store words with __atomic_load_n() and __atomic_store_n(). With -std=c11 it needs _GNU_SOURCE.
 *
 *     size_t length;
 *     int32_t *words = sysalloc_map("counter", &length);
 *     while (__atomic_load_n(words, __ATOMIC_SEQ_CST) == 0) sysalloc_wait(words, 0, 1000);
 */
#ifndef SYSALLOC_WAIT_H
#define SYSALLOC_WAIT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The results of sysalloc_wait(), which is SYSALLOC_FAILED with errno for a bad address. */
enum { SYSALLOC_FAILED = -1, SYSALLOC_OK, SYSALLOC_NOT_EQUAL, SYSALLOC_TIMED_OUT };

/* Maps the memory of a name; returns NULL with errno if it cannot. munmap() unmaps it. */
static inline void *sysalloc_map(const char *name, size_t *length) {
  int file = shm_open(name, O_RDWR, 0); /* before glibc 2.34 it needs -lrt */
  if (file == -1) return NULL;
  struct stat status;
  void *memory = MAP_FAILED;
  if (fstat(file, &status) == 0) {
    *length = (size_t)status.st_size;
    memory = mmap(NULL, *length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  int error = errno;
  close(file); /* the mapping stays */
  errno = error;
  return memory == MAP_FAILED ? NULL : memory;
}

/* Sleeps while a word has a value, at most so many milliseconds, or for ever if they are negative.
 * Check the word again after SYSALLOC_OK. */
static inline int sysalloc_wait(int32_t *word, int32_t expected, int64_t milliseconds) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += milliseconds / 1000;
  end.tv_nsec += milliseconds % 1000 * 1000000;
  if (end.tv_nsec >= 1000000000) end.tv_sec++, end.tv_nsec -= 1000000000;
  struct timespec *until = milliseconds < 0 ? NULL : &end;
  for (;;) {
    /* Without FUTEX_PRIVATE_FLAG, which would not reach other processes. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, until, NULL,
                FUTEX_BITSET_MATCH_ANY) == 0) {
      return SYSALLOC_OK;
    }
    if (errno == EAGAIN) return SYSALLOC_NOT_EQUAL;
    if (errno == ETIMEDOUT) return SYSALLOC_TIMED_OUT;
    if (errno != EINTR) return SYSALLOC_FAILED; /* a signal does not move the deadline */
  }
}

/* Wakes at most so many waits for a word; returns their number. Store another value before. */
static inline int sysalloc_notify(int32_t *word, int count) {
  return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

#endif
