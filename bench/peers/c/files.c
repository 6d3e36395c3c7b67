// The works over files.
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"

static int32_t run_open_record(struct state *state) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    uint32_t record[RECORD / 4];
    struct stat status;
    int fd = open(state->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) return fail(state);
    uint8_t *address = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (address == MAP_FAILED) return fail(state);
    memcpy(record, address + state->size / 2, RECORD);
    munmap(address, status.st_size);
    sum = sum_words(record, RECORD / 4);
  }
  return (int32_t)sum;
}

static int32_t run_open_record_read(struct state *state) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    uint32_t record[RECORD / 4];
    int fd = open(state->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, record, RECORD, state->size / 2) != RECORD) return fail(state);
    close(fd);
    sum = sum_words(record, RECORD / 4);
  }
  return (int32_t)sum;
}

static int map_file(struct state *state, int access, int protection, int flags) {
  state->fd = open(state->path, access | O_CLOEXEC);
  if (state->fd < 0) return -1;
  state->memory = mmap(NULL, state->size, protection, flags, state->fd, 0);
  return state->memory == MAP_FAILED ? -1 : 0;
}

static int prepare_private(struct state *state) {
  return map_file(state, O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static int prepare_shared(struct state *state) {
  return map_file(state, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static int prepare_open(struct state *state) {
  state->fd = open(state->path, O_RDONLY | O_CLOEXEC);
  return state->fd < 0 ? -1 : 0;
}

static void end_file(struct state *state) {
  if (state->memory != NULL) munmap(state->memory, state->size);
  close(state->fd);
}

// All of each page, in place.
static int32_t run_random_pages(struct state *state) {
  uint32_t seed = 1, sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    const uint8_t *page = state->memory + PAGE * next_random(&seed, state->size / PAGE);
    sum += sum_words((const uint32_t *)page, PAGE / 4);
  }
  return (int32_t)sum;
}

static int32_t run_random_pages_read(struct state *state) {
  uint32_t seed = 1, sum = 0, page[PAGE / 4];
  for (uint32_t i = 0; i < state->operations; i++) {
    off_t offset = (off_t)(PAGE * next_random(&seed, state->size / PAGE));
    if (pread(state->fd, page, PAGE, offset) != PAGE) return fail(state);
    sum += sum_words(page, PAGE / 4);
  }
  return (int32_t)sum;
}

// Mapped, read from its start to its end, and unmapped.
static int32_t run_scan(struct state *state) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    if (prepare_private(state) != 0) return fail(state);
    sum = sum_words((const uint32_t *)state->memory, state->size / 4);
    end_file(state);
  }
  state->memory = NULL;
  return (int32_t)sum;
}

// So many stores to random pages, and then all of them on the disk.
static int32_t run_store_flush(struct state *state) {
  uint32_t seed = 1, sum = 0;
  for (uint32_t i = 0; i < state->operations; i++) {
    uint8_t *at = state->memory + PAGE * next_random(&seed, state->size / PAGE);
    *at = (uint8_t)i;
    sum += *at;
  }
  if (msync(state->memory, state->size, MS_SYNC) != 0) return fail(state);
  return (int32_t)sum;
}

const struct work file_works[] = {
    {"open-record", NULL, run_open_record, NULL},
    {"open-record-read", NULL, run_open_record_read, NULL},
    {"random-pages", prepare_private, run_random_pages, end_file},
    {"random-pages-read", prepare_open, run_random_pages_read, end_file},
    {"scan", NULL, run_scan, NULL},
    {"store-flush", prepare_shared, run_store_flush, end_file},
    {NULL, NULL, NULL, NULL},
};
