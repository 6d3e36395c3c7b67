// Serves the works in C as a program of its own: a round for each line
// `WORK SIZE OPERATIONS PATH`, answered by a line of JSON. With the arguments
// `count-lines PATH` it counts lines, and ends.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "work.h"

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static int count_lines(const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0) return 1;
  const uint8_t *bytes = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return 1;
  size_t lines = 0;
  for (size_t at = 0; at < (size_t)status.st_size; at++) lines += bytes[at] == '\n';
  printf("%zu\n", lines);
  return 0;
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "count-lines") == 0) return count_lines(arguments[2]);
  char line[8192], name[64], path[4096];
  size_t size;
  uint32_t operations;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "%63s %zu %u %4095s", name, &size, &operations, path) != 4 ||
        work_prepare(name, size, operations, path) != 0) {
      printf("{\"error\":\"it could not be prepared\"}\n");
    } else {
      double start = nanoseconds();
      int32_t checksum = work_run();
      double time = nanoseconds() - start;
      if (work_failed()) printf("{\"error\":\"it failed\"}\n");
      else printf("{\"checksum\":%d,\"operations\":%u,\"time\":%.0f}\n", checksum, operations, time);
      work_end();
    }
    fflush(stdout);
  }
  return 0;
}
