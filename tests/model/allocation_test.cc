// Between "batch formed" and "scores ready" nothing is allocated, whatever the architecture and the
// precision: counted by this program's own operator new.
#include <atomic>
#include <cstdlib>
#include <new>

#include "model/golden.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void* allocate(std::size_t size, std::size_t border) {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
  void* memory = border == 0 ? std::malloc(size == 0 ? 1 : size)
                             : std::aligned_alloc(border, (size + border - 1) / border * border);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t border) {
  return allocate(size, static_cast<std::size_t>(border));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace podium::model {
namespace {

class Allocation : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Tiny, Allocation,
                         testing::Values("tiny-xlmr", "tiny-bert", "tiny-bi-encoder-mean",
                                         "tiny-deberta", "tiny-jina-v1", "tiny-gte",
                                         "tiny-modernbert"));

TEST_P(Allocation, NothingIsAllocatedWhileABatchIsComputed) {
  const kernels::Kernels& kernels = **kernels::choose();
  for (const auto precision :
       {kernels::Precision::fp32, kernels::Precision::bf16, kernels::Precision::int8}) {
    if (precision == kernels::Precision::int8 && kernels.gemm_s8 == nullptr) continue;
    Loaded loaded(data(GetParam()), kernels, 2, precision);
    batch::PackedBatch batch;
    for (const std::size_t length : {30, 7, 1, 50}) {
      batch.add(std::vector<std::int32_t>(length, 9), std::vector<std::uint8_t>(length, 0));
    }
    std::vector<float> out(batch.sequences() * loaded.model->output_size());
    loaded.model->forward(batch, loaded.workspace, loaded.pool, out.data());
    allocations = 0;
    counting = true;
    loaded.model->forward(batch, loaded.workspace, loaded.pool, out.data());
    counting = false;
    EXPECT_EQ(allocations, 0) << to_string(precision);
  }
}

TEST(AllocationCount, CountsWhatIsAllocated) {
  allocations = 0;
  counting = true;
  const auto* number = new std::vector<int>(3);
  counting = false;
  delete number;
  EXPECT_GE(allocations, 1);
}

}  // namespace
}  // namespace podium::model
