// The works in C: prepared, run and ended by one program (main.c), or by a
// runtime that has loaded them as a library, in whose process a page fault and a
// TLB flush cost what they cost the runtime itself.
#ifndef WORK_H
#define WORK_H

#include <stddef.h>
#include <stdint.h>

// Chooses a work, and makes what its time does not count; -1 where there is no
// such work, or it failed.
int32_t work_prepare(const char *name, size_t size, uint32_t operations, const char *path);

// Runs it, and returns its checksum, or -1 where it failed and sets `work_failed`.
int32_t work_run(void);

// 1 where the last run failed.
int32_t work_failed(void);

// Gives back what work_prepare() made.
void work_end(void);

#endif
