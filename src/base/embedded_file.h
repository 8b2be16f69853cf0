// A file of the source tree inside the program.
#pragma once

#include <cstddef>

// Declares symbol_begin and symbol_end around the bytes of the file at `path`, which the assembler
// copies into read-only data, 64-byte aligned and with a zero behind. The file is an input of the
// object: name it in OBJECT_DEPENDS.
#define PODIUM_EMBED(symbol, path)                                                   \
  asm(".pushsection .rodata, \"a\"\n"                                                \
      ".balign 64\n" #symbol                                                         \
      "_begin:\n"                                                                    \
      ".incbin \"" path "\"\n" #symbol                                               \
      "_end:\n"                                                                      \
      ".byte 0\n"                                                                    \
      ".popsection\n");                                                              \
  extern "C" __attribute__((visibility("hidden"))) const std::byte symbol##_begin[]; \
  extern "C" __attribute__((visibility("hidden"))) const std::byte symbol##_end[]
