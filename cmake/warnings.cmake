# Warnings are errors everywhere in our own code.
add_library(podium_warnings INTERFACE)
target_compile_options(podium_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
# libstdc++ 12 deprecates a function that its own stable_sort calls; clang blames the caller.
target_compile_options(podium_warnings INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
# gcc 12 sees overlapping copies in string literals joined to strings (GCC bug 105651).
target_compile_options(podium_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
