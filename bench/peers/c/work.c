#include "work.h"

#include <string.h>

#include "state.h"

static struct state state;
static const struct work *current;
static char path_copy[4096];

static const struct work *find(const struct work *works, const char *name) {
  for (; works->name != NULL; works++) {
    if (strcmp(works->name, name) == 0) return works;
  }
  return NULL;
}

int32_t fail(struct state *failing) {
  failing->failed = 1;
  return -1;
}

int32_t work_prepare(const char *name, size_t size, uint32_t operations, const char *path) {
  current = find(memory_works, name);
  if (current == NULL) current = find(file_works, name);
  if (current == NULL || strlen(path) >= sizeof path_copy) return -1;
  strcpy(path_copy, path);
  state = (struct state){.size = size, .operations = operations, .path = path_copy, .fd = -1};
  return current->prepare == NULL ? 0 : current->prepare(&state);
}

int32_t work_run(void) { return current->run(&state); }

int32_t work_failed(void) { return state.failed; }

void work_end(void) {
  if (current->end != NULL) current->end(&state);
}
