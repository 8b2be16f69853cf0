#!/usr/bin/env bash
# The checks that CI runs after the tests; the front doors are `make lint` and `make fuzz`.
#
#   scripts/check.sh lint        every check below but fuzz, all of them even if one fails
#   scripts/check.sh CHECK …     format, length, includes, python, threads, sanitize,
#                                tidy, fuzz
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

jobs=$(nproc)
build=build/lint  # clang 19, AddressSanitizer and UndefinedBehaviorSanitizer, with the fuzz targets

cpp_files() { git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.cpp' '*.c'; }

configure() {
  # -O1 and libstdc++'s own assertions: the most checks for the least compile time.
  [ -f $build/build.ninja ] || cmake -S . -B $build -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1 -D_GLIBCXX_ASSERTIONS" \
    -DPODIUM_FUZZ=ON -DPODIUM_SANITIZE=address,undefined >$build.log || { cat $build.log; return 1; }
}

check_format() { cpp_files | xargs clang-format-19 --dry-run -Werror; }

check_length() {  # a file that outgrows 400 lines is two files
  cpp_files | grep -Ev '_tables?\.' | xargs wc -l |
    awk '$2 != "total" && $1 >= 400 {print $2 ": " $1 " lines, 400 are too many"; bad = 1} END {exit bad}'
}

check_includes() { python3 scripts/check_includes.py; }

check_python() { "$(command -v build/venv/bin/ruff || command -v ruff)" check .; }

# The whole test suite, and a replay of the fuzz corpus (tests named fuzz/…), under the sanitizers.
check_sanitize() {
  configure && ninja -C $build --quiet -j "$jobs" &&
    UBSAN_OPTIONS=print_stacktrace=1 ctest --test-dir $build --output-on-failure -j "$jobs" --progress
}

check_tidy() {
  configure && git ls-files --cached --others --exclude-standard 'src/*.cc' |
    xargs -P "$jobs" -n 1 clang-tidy-19 -p $build --quiet 2> >(grep -v 'warnings\? ' >&2)
}

# What threads share, under ThreadSanitizer: the compute threads and the scheduler, built by themselves, and the
# server with an engine that only pretends, so that no more than the server is built.
check_threads() {
  local threads=build/threads
  [ -f $threads/build.ninja ] || cmake -S . -B $threads -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG="-O0 -gline-tables-only" -DPODIUM_SANITIZE=thread >$threads.log || { cat $threads.log; return 1; }
  clang++-19 -std=c++20 -O1 -g -fsanitize=thread -Wno-deprecated-declarations -DFMT_HEADER_ONLY \
    -Iinclude -Isrc -Itests src/base/{error,thread_pool}.cc src/engine/scheduler.cc \
    tests/base/thread_pool_test.cc tests/engine/scheduler_test.cc \
    -lgtest -lgtest_main -lpthread -o build/tsan_test && build/tsan_test --gtest_brief=1 &&
    ninja -C $threads --quiet -j "$jobs" test_server && timeout 300 $threads/test_server --gtest_brief=1
}

check_fuzz() {  # a minute each; what a target finds beyond its seeds stays in build/
  local target found
  configure && ninja -C $build --quiet -j "$jobs" || return 1
  for target in fuzz/fuzz_*.cc; do
    target=$(basename "$target" .cc)
    found=$build/corpus/$target
    mkdir -p "$found"
    echo "$target"
    $build/"$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=4096 \
      -artifact_prefix="$found"- "$found" "fuzz/corpus/$target" >"$found.log" 2>&1 ||
      { tail -n 40 "$found.log"; return 1; }
    tail -n 1 "$found.log"
  done
}

mkdir -p build
checks=("$@")
[ "${1:-}" = lint ] && checks=(format length includes python threads sanitize tidy)
[ ${#checks[@]} -gt 0 ] || { sed -n '2,6s/^# \?//p' "$0"; exit 2; }
passed=0 failed=0
for check in "${checks[@]}"; do
  echo "== $check"
  if "check_$check"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "== $check FAILED"; fi
done
echo "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
