// The common parts of the works in C.
#ifndef STATE_H
#define STATE_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE = 4096, RECORD = 64, GROWTH_STEPS = 8 };

// The task of a work, and the results of its preparation.
struct state {
  size_t size;
  uint32_t operations;
  const char *path;
  uint8_t *memory;
  int fd;
  int failed;
};

struct work {
  const char *name;
  int (*prepare)(struct state *); // 0 where it worked; NULL where there is nothing to do
  int32_t (*run)(struct state *);
  void (*end)(struct state *);
};

extern const struct work memory_works[];
extern const struct work file_works[];

void *map_anon(size_t byte_length, int flags);
int32_t fail(struct state *);

// The place of the next random item of `count`: the same ones in every language.
static inline size_t next_random(uint32_t *seed, size_t count) {
  *seed = *seed * 1664525u + 1013904223u;
  return (size_t)(((uint64_t)*seed * count) >> 32);
}

static inline uint32_t sum_words(const uint32_t *words, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += words[i];
  return sum;
}

#endif
