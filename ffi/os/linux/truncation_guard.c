/*
 * The handler of SIGBUS that keeps views of a mapped file usable after the file is truncated.
 *
 * If another process truncates a mapped file, a load or a store past its new end raises SIGBUS,
 * which ends the process. This handler maps zeroed memory there instead, and the instruction runs
 * again. Every other signal is passed to the previous handler.
 *
 * scripts/truncation_guard.ts compiles this file and writes its bytes into
 * truncation_guard_code.ts, and truncation_guard.ts copies them into a page of their own.
 * docs/internals/truncation-guard.md describes all of it.
 *
 * Therefore this file has these properties:
 * - It runs wherever it is copied to: no relocations, no data, no libc, one
 *   section. The script refuses to write anything else.
 * - It is async-signal-safe and reentrant: it takes no lock, allocates nothing
 *   and makes system calls only. It stores only to the counters of an entry, to the count of the
 *   reserve, and to `previous` if the previous handler may run only once.
 * - Whatever it changes for a foreign signal is restored when that signal has been handled, unless
 *   the process ends by it: the next fault must find the guard in place.
 * - It runs with SIGBUS blocked, because the frames of several nested signals would overflow the
 *   alternate stacks of some runtimes.
 * - The previous handler runs with the arguments, the mask and the stack that the kernel would have
 *   given it.
 */
#include <stdint.h>

/* The handler is the only function: it must come first, and the others are inlined into it. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* <asm-generic/siginfo.h>, <asm-generic/signal.h>, <asm-generic/mman-common.h> */
enum {
  SIGBUS = 7,
  BUS_ADRALN = 1,
  BUS_ADRERR = 2,
  BUS_MCEERR_AO = 5,
  SIG_BLOCK = 0,
  SIG_UNBLOCK = 1,
  EFAULT = 14,
  FUTEX_CMP_REQUEUE_PRIVATE = 4 | 128,
  PROT_READ_WRITE = 0x1 | 0x2,
  MAP_SHARED_FIXED_ANONYMOUS_NORESERVE = 0x1 | 0x10 | 0x20 | 0x4000,
  MAP_PRIVATE_FIXED_ANONYMOUS_NORESERVE = 0x2 | 0x10 | 0x20 | 0x4000,
  MREMAP_MAYMOVE_FIXED = 0x1 | 0x2,
};
#define SIG_DFL ((handler_function *) 0)
#define SIG_IGN ((handler_function *) 1)
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u
/* The values of `replaced` until the C library has stored the real ones, which always differ. */
#define UNKNOWN_HANDLER ((handler_function *) UINT64_MAX)
#define UNKNOWN_MASK UINT64_MAX
#define UNKNOWN_FLAGS UINT32_MAX
#define KERNEL_SIGSET_BYTES 8
#define SIGBUS_BIT ((uint64_t) 1 << (SIGBUS - 1))

/* The fields of siginfo_t on 64-bit Linux that are read. */
struct siginfo {
  int32_t signo, error, code, padding;
  uint64_t address;
};

typedef void handler_function(int signal, struct siginfo *info, void *context);

/* struct sigaction of glibc and of musl, on x86-64 and on AArch64 alike. */
struct sigaction {
  handler_function *handler;
  uint64_t mask[16];
  uint32_t flags;
  void *restorer;
};

/* struct sigaction of the kernel, on both. */
struct kernel_sigaction {
  handler_function *handler;
  uint64_t flags;
  void *restorer;
  uint64_t mask;
};
_Static_assert(sizeof(struct kernel_sigaction) == 32, "the layout of the kernel");

/* One guarded mapping. Its start, end and length are whole pages. */
struct entry {
  uint64_t start, end;
  /*
   * The lower half is the state: the phase in the lowest bits, and the number of uses above them.
   * The upper half counts the faults. They are one word, so that a fault is never counted in an
   * entry that has been reused meanwhile.
   */
  uint64_t state_and_faults;
  /* The number of settled faults. If it is less, a thread is still mapping zeroed memory. */
  uint32_t settled;
  /* The number of pieces of zeroed memory, and the end of the last one. */
  uint32_t pieces;
  uint64_t last;
};
/*
 * Live: the memory is in use. Vacated: its owner has mapped other memory there, or is about to, and
 * keeps the range for pending calls. An entry in another phase guards nothing.
 */
enum { PHASE = 3, LIVE = 2, VACATED = 3 };
#define ONE_FAULT ((uint64_t) 1 << 32)
/* Up to this number, a piece replaces only lost pages. */
#define EXACT_PIECES 512

/* 64 KiB of entries, never unmapped. Only the first block uses all fields. */
struct block {
  struct block *next;
  /* The previous handler: `replaced`, or `by_default`. */
  const struct sigaction *previous;
  /*
   * Mappings to use when no more can be mapped: the address of the first pair, which is that of a
   * page, plus the number of pairs left. A pair is a writable and an inaccessible page.
   */
  uint64_t reserve;
  uint64_t unused[5];
  /* The action found before the installation, and the action that the installation replaced. */
  struct sigaction found, replaced;
  struct sigaction own;
  /* All zero, which is SIG_DFL in the layout of libc and in that of the kernel. */
  struct sigaction by_default;
  uint8_t unused_too[2056 - 64 - 4 * sizeof(struct sigaction)];
  struct entry entries[(65536 - 2056) / sizeof(struct entry)];
};
_Static_assert(sizeof(struct sigaction) == 152, "the layout of libc");
_Static_assert(sizeof(struct entry) == 40, "guard_table.ts has the same");
_Static_assert(sizeof(struct block) == 65536, "guard_table.ts has the same");

/*
 * The header before the code, in the same read-only page. truncation_guard.ts fills in the last two
 * fields.
 */
struct header {
  char magic[16];
  struct block *table;
  uint64_t page_size;
};
__asm__(
    ".text\n"
    "header:\n"
    ".ascii \"sysalloc guard 1\"\n"
    ".quad 0, 0\n");

#if defined(__x86_64__)

enum {
  NR_mmap = 9, NR_munmap = 11, NR_rt_sigaction = 13, NR_rt_sigprocmask = 14, NR_mremap = 25,
  NR_getpid = 39, NR_gettid = 186, NR_futex = 202, NR_tgkill = 234, NR_rt_tgsigqueueinfo = 297,
};

ALWAYS_INLINE const struct header *own_header(void) {
  const struct header *header;
  __asm__("lea header(%%rip), %0" : "=r"(header));
  return header;
}

ALWAYS_INLINE int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                           uint64_t e, uint64_t f) {
  register uint64_t r10 __asm__("r10") = d;
  register uint64_t r8 __asm__("r8") = e;
  register uint64_t r9 __asm__("r9") = f;
  int64_t result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

enum {
  NR_futex = 98, NR_tgkill = 131, NR_rt_sigaction = 134, NR_rt_sigprocmask = 135, NR_getpid = 172,
  NR_gettid = 178, NR_munmap = 215, NR_mremap = 216, NR_mmap = 222, NR_rt_tgsigqueueinfo = 240,
};

ALWAYS_INLINE const struct header *own_header(void) {
  const struct header *header;
  __asm__("adr %0, header" : "=r"(header));
  return header;
}

ALWAYS_INLINE int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                           uint64_t e, uint64_t f) {
  register int64_t x8 __asm__("x8") = number;
  register uint64_t x0 __asm__("x0") = a;
  register uint64_t x1 __asm__("x1") = b;
  register uint64_t x2 __asm__("x2") = c;
  register uint64_t x3 __asm__("x3") = d;
  register uint64_t x4 __asm__("x4") = e;
  register uint64_t x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return (int64_t) x0;
}

#endif

/* An entry, and its fields at one moment. */
struct found {
  struct entry *entry;
  uint64_t start, end;
  uint32_t state;
};

ALWAYS_INLINE uint32_t state_of(const struct entry *entry) {
  return (uint32_t) __atomic_load_n(&entry->state_and_faults, __ATOMIC_ACQUIRE);
}

/*
 * Finds the entry that guards an address, if there is one. The start and end of an entry are valid
 * only if its state is the same before and after they are read: otherwise they may belong to two
 * mappings, and the entry is read again. The caller uses the values found here and does not read
 * them again.
 */
ALWAYS_INLINE struct found find(struct block *block, uint64_t address) {
  for (; block != 0; block = __atomic_load_n(&block->next, __ATOMIC_ACQUIRE)) {
    const struct entry *end = block->entries + sizeof block->entries / sizeof(struct entry);
    for (struct entry *entry = block->entries; entry != end; entry++) {
      for (uint32_t state, now = state_of(entry); (now & PHASE) >= LIVE;) {
        state = now;
        uint64_t from = __atomic_load_n(&entry->start, __ATOMIC_ACQUIRE);
        uint64_t to = __atomic_load_n(&entry->end, __ATOMIC_ACQUIRE);
        now = state_of(entry);
        if (now != state) continue;
        if (from <= address && address < to) return (struct found) { entry, from, to, state };
        break;
      }
    }
  }
  return (struct found) { 0, 0, 0, 0 };
}

/* Counts a fault. Returns the new number of faults, or 0 if the state of the entry has changed. */
ALWAYS_INLINE uint32_t count(struct found found) {
  uint64_t *word = &found.entry->state_and_faults;
  uint64_t now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
  do {
    if ((uint32_t) now != found.state) return 0;
  } while (!__atomic_compare_exchange_n(word, &now, now + ONE_FAULT, 1, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE));
  uint32_t faults = (uint32_t) (now >> 32) + 1;
  return faults == 0 ? (uint32_t) -1 : faults;
}

/*
 * Whether a page is lost. The futex call compares the first word of the page with 0, wakes and
 * requeues nobody, and fails with EFAULT if the page cannot be read.
 */
ALWAYS_INLINE int is_lost(uint64_t page) {
  return call(NR_futex, page, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, page, 0) == -EFAULT;
}

/*
 * The end of the run of lost pages that starts at a page, up to a limit. After a truncation, all
 * following pages are lost; if the disk is full or cannot be read, some may exist. The limit grows
 * with the number of faults, so that a long file takes few faults.
 */
ALWAYS_INLINE uint64_t end_of_run(uint64_t page, uint64_t page_size, uint64_t end,
                                  uint32_t faults) {
  uint64_t limit = page + (page_size << (faults < 13 ? faults + 3 : 16));
  if (limit > end) limit = end;
  do page += page_size;
  while (page < limit && is_lost(page));
  return page;
}

/*
 * The minimum end of a piece. A piece that does not directly follow the last one takes up to two
 * more mappings, which are limited per process. So after many pieces, each piece replaces more and
 * more pages.
 */
ALWAYS_INLINE uint64_t least_end(struct entry *entry, uint64_t page, uint64_t page_size) {
  uint32_t pieces = page == __atomic_load_n(&entry->last, __ATOMIC_RELAXED)
                        ? __atomic_load_n(&entry->pieces, __ATOMIC_RELAXED)
                        : __atomic_add_fetch(&entry->pieces, 1, __ATOMIC_RELAXED);
  if (pieces <= EXACT_PIECES) return page;
  uint32_t shift = (pieces - EXACT_PIECES) / 64;
  return page + (page_size << (shift < 32 ? shift : 32));
}

/* Takes a pair of pages from the reserve. Returns its address, or 0 if none is left. */
ALWAYS_INLINE uint64_t spare_pair(struct block *table, uint64_t page_size) {
  uint64_t now = __atomic_load_n(&table->reserve, __ATOMIC_ACQUIRE), left;
  do {
    left = now & (page_size - 1);
    if (left == 0) return 0;
  } while (!__atomic_compare_exchange_n(&table->reserve, &now, now - 1, 1, __ATOMIC_SEQ_CST,
                                        __ATOMIC_ACQUIRE));
  return now - left + (left - 1) * 2 * page_size;
}

/*
 * Maps zeroed memory over a range. Returns whether that worked. If private memory is refused, tries
 * shared memory, which does not count for RLIMIT_DATA.
 */
ALWAYS_INLINE int put_zeros(uint64_t from, uint64_t to) {
  uint64_t flags = MAP_PRIVATE_FIXED_ANONYMOUS_NORESERVE;
  for (;;) {
    if (call(NR_mmap, from, to - from, PROT_READ_WRITE, flags, -1, 0) == (int64_t) from) return 1;
    if (flags == MAP_SHARED_FIXED_ANONYMOUS_NORESERVE) return 0;
    flags = MAP_SHARED_FIXED_ANONYMOUS_NORESERVE;
  }
}

/* Whether the C library has stored all fields that are read. Their order is unknown. */
ALWAYS_INLINE int is_known(const struct sigaction *action) {
  return __atomic_load_n(&action->handler, __ATOMIC_ACQUIRE) != UNKNOWN_HANDLER &&
         __atomic_load_n(&action->mask[0], __ATOMIC_ACQUIRE) != UNKNOWN_MASK &&
         __atomic_load_n(&action->flags, __ATOMIC_ACQUIRE) != UNKNOWN_FLAGS;
}

/* The handler. truncation_guard.ts expects it directly after the header. */
void handler(int signal, struct siginfo *info, void *context) {
  const struct header *header = own_header();
  struct block *table = header->table;

  if (info->code == BUS_ADRERR || info->code == BUS_ADRALN) {
    struct found found = find(table, info->address);
    uint64_t page_size = header->page_size;
    uint64_t page = info->address & -page_size;
    /* gVisor reports lost pages as BUS_ADRALN, which otherwise means an unaligned access. */
    if (found.entry != 0 && (info->code == BUS_ADRERR || is_lost(page))) {
      int is_live = (found.state & PHASE) == LIVE;
      uint64_t from = page, to = found.end;
      if (is_live) {
        /* Counted first, so that whoever reads zeros finds a count. If the entry changed, retry. */
        uint32_t faults = count(found);
        if (faults == 0) return;
        to = end_of_run(page, page_size, to, faults);
        uint64_t least = least_end(found.entry, page, page_size);
        if (to < least) to = least < found.end ? least : found.end;
        /*
         * With no reserve left, a piece could take the last mapping, and then nothing more could be
         * replaced. Replacing the whole mapping takes no further mapping.
         */
        if ((__atomic_load_n(&table->reserve, __ATOMIC_ACQUIRE) & (page_size - 1)) == 0) {
          from = found.start;
          to = found.end;
        }
      }
      /* If the system refuses, retry with a range that takes fewer mappings or less memory. */
      for (int step = 0; step < 5; step++) {
        uint64_t spare = step & 1 ? spare_pair(table, page_size) : 0;
        /* If the limit of mappings is reached, this makes room for two. */
        if (step == 1 && spare != 0) call(NR_munmap, spare, 2 * page_size, 0, 0, 0, 0);
        if (step == 2) {
          from = page;
          to = page + page_size; /* there may be too little memory for more */
        }
        if (step == 3) {
          /* If there is no memory at all, move a page of the reserve there. */
          if (spare != 0 && call(NR_mremap, spare, page_size, page_size, MREMAP_MAYMOVE_FIXED, page,
                                 0) == (int64_t) page) goto settled;
          to = found.end; /* takes one mapping less than a piece in the middle */
        }
        if (step == 4) from = found.start; /* takes no further mapping */
        if (put_zeros(from, to)) goto settled;
        /* If the entry is vacated or has changed, its owner maps other memory there. */
        if (!is_live || state_of(found.entry) != found.state) return;
      }
      goto not_ours;
    settled:
      __atomic_store_n(&found.entry->last, to, __ATOMIC_RELAXED);
      __atomic_add_fetch(&found.entry->settled, is_live, __ATOMIC_RELEASE);
      return;
    }
  }

not_ours:;
  /* Acts as the kernel would without this handler. */
  const struct sigaction *previous = __atomic_load_n(&table->previous, __ATOMIC_ACQUIRE);
  int is_fault = info->code > 0 && info->code != BUS_MCEERR_AO;
  if (!is_known(previous)) {
    /*
     * The thread that installs this handler does not know the replaced one yet. That may be another
     * guard, whose fault this is, so the instruction runs again until it is known. A signal that
     * was sent cannot wait, because it may have interrupted that very thread.
     */
    if (is_fault) return;
    previous = &table->found;
  }
  handler_function *next = previous->handler;
  if (next == SIG_DFL || next == SIG_IGN) {
    /* After a fault, the kernel ends the process even if the signal is ignored. */
    int64_t process = call(NR_getpid, 0, 0, 0, 0, 0, 0);
    int64_t thread = call(NR_gettid, 0, 0, 0, 0, 0, 0);
    /* A signal that was sent does not end the first process of a container. */
    if (!is_fault && (next == SIG_IGN || process == 1)) return;
    /*
     * The process must end in any case: if it continued, it would have the default action and no
     * guard. Running the instruction again is not enough, because the file may be longer by then.
     * So the signal is sent again, with its information if the kernel permits that. It stays
     * blocked until sigreturn restores the mask and the registers, so the core dump has the
     * original registers.
     */
    uint64_t mask = SIGBUS_BIT;
    call(NR_rt_sigprocmask, SIG_BLOCK, (uint64_t) &mask, 0, KERNEL_SIGSET_BYTES, 0, 0);
    int is_sent = call(NR_rt_tgsigqueueinfo, process, thread, SIGBUS, (uint64_t) info, 0, 0) == 0 ||
                  call(NR_tgkill, process, thread, SIGBUS, 0, 0, 0) == 0;
    if (!is_sent && !is_fault) return;
    call(NR_rt_sigaction, SIGBUS, (uint64_t) &table->by_default, 0, KERNEL_SIGSET_BYTES, 0, 0);
    return;
  }
  /* Prepares the call as the kernel would. sigreturn restores the mask. */
  uint64_t mask = previous->mask[0];
  call(NR_rt_sigprocmask, SIG_BLOCK, (uint64_t) &mask, 0, KERNEL_SIGSET_BYTES, 0, 0);
  if ((previous->flags & SA_NODEFER) != 0 && (mask & SIGBUS_BIT) == 0) {
    mask = SIGBUS_BIT; /* the kernel blocked it for this handler */
    call(NR_rt_sigprocmask, SIG_UNBLOCK, (uint64_t) &mask, 0, KERNEL_SIGSET_BYTES, 0, 0);
  }
  if (previous->flags & SA_RESETHAND) {
    __atomic_store_n(&table->previous, &table->by_default, __ATOMIC_RELEASE);
  }
  struct kernel_sigaction before, after;
  call(NR_rt_sigaction, SIGBUS, 0, (uint64_t) &before, KERNEL_SIGSET_BYTES, 0, 0);
  /* A handler without SA_SIGINFO ignores the further arguments. */
  next(signal, info, context);
  /*
   * The previous handler may set the default action, as that of Rust (and so of Deno) does for a
   * foreign signal. It means to remove itself, but removes this handler: so this handler is
   * installed again, and the default action becomes the previous one.
   */
  call(NR_rt_sigaction, SIGBUS, 0, (uint64_t) &after, KERNEL_SIGSET_BYTES, 0, 0);
  if (after.handler != SIG_DFL || before.handler == SIG_DFL) return;
  __atomic_store_n(&table->previous, &table->by_default, __ATOMIC_RELEASE);
  call(NR_rt_sigaction, SIGBUS, (uint64_t) &before, 0, KERNEL_SIGSET_BYTES, 0, 0);
}
