// The loops that the mapping benchmark compares with, in C: the same system
// calls, in the same order, in the same process.
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

static void *map_anon(size_t byte_length) {
  void *address = mmap(NULL, byte_length, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return address == MAP_FAILED ? NULL : address;
}

// Both return how many times they succeeded.

uint32_t map_unmap(size_t byte_length, uint32_t times) {
  for (uint32_t i = 0; i < times; i++) {
    void *address = map_anon(byte_length);
    if (address == NULL || munmap(address, byte_length) != 0) return i;
  }
  return times;
}

uint32_t map_store_unmap(size_t byte_length, uint32_t times) {
  for (uint32_t i = 0; i < times; i++) {
    volatile uint8_t *address = map_anon(byte_length);
    if (address == NULL) return i;
    address[0] = 1;
    if (munmap((void *)address, byte_length) != 0) return i;
  }
  return times;
}
