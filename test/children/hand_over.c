/* Tries sysalloc_wait.h, adds to a word while pingpong.ts does, and plays ping-pong with it. */
#define _GNU_SOURCE
#include "sysalloc_wait.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define CHECK(condition) \
  if (!(condition)) return fprintf(stderr, "%s (errno %d)\n", #condition, errno), 1

static volatile sig_atomic_t signals;
static void handle(int signal) { signals += signal == SIGALRM; }
static int32_t load(int32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

int main(int argumentCount, char **arguments) {
  CHECK(argumentCount == 4);
  int own = strcmp(arguments[2], "odd") == 0, count = atoi(arguments[3]);
  size_t length = 0;
  CHECK(sysalloc_map("sysalloc-nobody-has-this", &length) == NULL && errno == ENOENT);
  int32_t *words = sysalloc_map(arguments[1], &length);
  CHECK(words != NULL && length >= 16);
  int32_t *turn = words, *ready = words + 1, *added = words + 2, *spare = words + 3;

  CHECK(sysalloc_wait(spare, 1, -1) == SYSALLOC_NOT_EQUAL);
  CHECK(sysalloc_wait(spare, 0, 0) == SYSALLOC_TIMED_OUT);
  CHECK(sysalloc_wait((int32_t *)((char *)spare + 1), 0, 0) == SYSALLOC_FAILED && errno == EINVAL);
  CHECK(sysalloc_notify(spare, 1) == 0);
  /* A signal neither ends a wait nor makes it longer. */
  CHECK(sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle}, NULL) == 0);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  CHECK(setitimer(ITIMER_REAL, &(struct itimerval){{0, 5000}, {0, 5000}}, NULL) == 0);
  CHECK(sysalloc_wait(spare, 0, 100) == SYSALLOC_TIMED_OUT && signals > 0);
  CHECK(setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL) == 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  CHECK((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec >= 100000000);

  __atomic_fetch_add(ready, 1, __ATOMIC_SEQ_CST);
  sysalloc_notify(ready, 1);
  for (int32_t there; (there = load(ready)) < 2;) {
    CHECK(sysalloc_wait(ready, there, 60000) != SYSALLOC_TIMED_OUT);
  }
  for (int round = 0; round < count; round++) __atomic_fetch_add(added, 1, __ATOMIC_SEQ_CST);
  for (int round = 0; round < count; round++) {
    int32_t value;
    while ((value = load(turn)) % 2 != own) {
      CHECK(sysalloc_wait(turn, value, 60000) != SYSALLOC_TIMED_OUT);
    }
    __atomic_store_n(turn, value + 1, __ATOMIC_SEQ_CST);
    sysalloc_notify(turn, 1);
  }
  printf("{\"late\":0,\"last\":%d}\n", load(turn));
  return munmap(words, length) != 0;
}
