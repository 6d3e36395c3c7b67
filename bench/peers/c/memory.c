// The works over anonymous memory.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "state.h"

void *map_anon(size_t byte_length, int flags) {
  void *address = mmap(NULL, byte_length, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return address == MAP_FAILED ? NULL : address;
}

static int32_t run_map(struct state *state) {
  for (uint32_t i = 0; i < state->operations; i++) {
    void *address = map_anon(state->size, 0);
    if (address == NULL || munmap(address, state->size) != 0) return fail(state);
  }
  return 1;
}

static int32_t run_map_store(struct state *state) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    volatile uint8_t *address = map_anon(state->size, 0);
    if (address == NULL) return fail(state);
    address[0] = 1;
    sum = address[0];
    if (munmap((void *)address, state->size) != 0) return fail(state);
  }
  return sum;
}

static int32_t ready(struct state *state, int flags, int advice) {
  int32_t pages = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    volatile uint8_t *address = map_anon(state->size, flags);
    if (address == NULL) return fail(state);
    if (advice != 0 && madvise((void *)address, state->size, advice) != 0) return fail(state);
    pages = 0;
    for (size_t at = 0; at < state->size; at += PAGE) {
      address[at] = 1;
      pages += address[at];
    }
    if (munmap((void *)address, state->size) != 0) return fail(state);
  }
  return pages;
}

static int32_t run_ready(struct state *state) { return ready(state, 0, 0); }
static int32_t run_ready_populate(struct state *state) { return ready(state, MAP_POPULATE, 0); }
static int32_t run_ready_huge(struct state *state) { return ready(state, 0, MADV_HUGEPAGE); }

static int prepare_words(struct state *state) {
  state->memory = map_anon(state->size, 0);
  if (state->memory == NULL) return -1;
  uint32_t *words = (uint32_t *)state->memory;
  for (size_t i = 0; i < state->size / 4; i++) words[i] = (uint32_t)(i % 16384) * 2654435761u;
  return 0;
}

static void end_words(struct state *state) { munmap(state->memory, state->size); }

// Reads so many words, from the first one on and over again.
static int32_t run_sequential(struct state *state) {
  size_t count = state->size / 4;
  uint32_t sum = 0;
  for (uint32_t read = 0; read < state->operations; read += (uint32_t)count) {
    sum += sum_words((const uint32_t *)state->memory, count);
    __asm__ volatile("" ::: "memory"); // or one pass would do for all
  }
  return (int32_t)sum;
}

static int32_t run_random(struct state *state) {
  const uint32_t *words = (const uint32_t *)state->memory;
  uint32_t seed = 1, sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    sum += words[next_random(&seed, state->size / 4)];
  }
  return (int32_t)sum;
}

static int32_t touch(volatile uint8_t *from, volatile uint8_t *to) {
  int32_t pages = 0;
  for (; from < to; from += PAGE) {
    *from = 1;
    pages += *from;
  }
  return pages;
}

static int32_t run_grow_resize(struct state *state) {
  int32_t pages = 0;
  size_t step = state->size / GROWTH_STEPS, length = 0;
  uint8_t *address = NULL;
  while (length < state->size) {
    address = length == 0 ? map_anon(step, 0) : mremap(address, length, length + step, MREMAP_MAYMOVE);
    if (address == NULL || address == MAP_FAILED) return fail(state);
    pages += touch(address + length, address + length + step);
    length += step;
  }
  munmap(address, length);
  return pages;
}

static int32_t run_grow_reserve(struct state *state) {
  int32_t pages = 0;
  size_t step = state->size / GROWTH_STEPS;
  uint8_t *address = mmap(NULL, state->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return fail(state);
  for (size_t at = 0; at < state->size; at += step) {
    if (mprotect(address + at, step, PROT_READ | PROT_WRITE) != 0) return fail(state);
    pages += touch(address + at, address + at + step);
  }
  munmap(address, state->size);
  return pages;
}

static int32_t run_live(struct state *state) {
  int32_t count = 0;
  uint8_t **live = malloc(state->operations * sizeof *live);
  if (live == NULL) return fail(state);
  for (uint32_t i = 0; i < state->operations; i++) {
    live[i] = map_anon(state->size, 0);
    if (live[i] == NULL) return fail(state);
  }
  for (uint32_t i = 0; i < state->operations; i++) count += munmap(live[i], state->size) == 0;
  free(live);
  return count;
}

static int32_t run_share_named(struct state *state) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    char name[64];
    snprintf(name, sizeof name, "/sysalloc-bench-%ld-%u", (long)getpid(), i);
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return fail(state);
    if (ftruncate(fd, state->size) != 0) return fail(state);
    volatile uint8_t *address = mmap(NULL, state->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    shm_unlink(name);
    if (address == MAP_FAILED) return fail(state);
    address[0] = 1;
    sum = address[0];
    munmap((void *)address, state->size);
  }
  return sum;
}

const struct work memory_works[] = {
    {"map", NULL, run_map, NULL},
    {"map-view", NULL, run_map, NULL},
    {"map-store", NULL, run_map_store, NULL},
    {"ready", NULL, run_ready, NULL},
    {"ready-populate", NULL, run_ready_populate, NULL},
    {"ready-huge", NULL, run_ready_huge, NULL},
    {"read-sequential", prepare_words, run_sequential, end_words},
    {"read-random", prepare_words, run_random, end_words},
    {"grow-resize", NULL, run_grow_resize, NULL},
    {"grow-reserve", NULL, run_grow_reserve, NULL},
    {"live", NULL, run_live, NULL},
    {"share-named", NULL, run_share_named, NULL},
    {NULL, NULL, NULL, NULL},
};
