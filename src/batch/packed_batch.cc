#include "batch/packed_batch.h"

#include <algorithm>
#include <numeric>

namespace podium::batch {

void PackedBatch::clear() {
  token_ids.clear();
  type_ids.clear();
  cu_seqlens.assign(1, 0);
}

void PackedBatch::add(std::span<const std::int32_t> ids, std::span<const std::uint8_t> types) {
  token_ids.insert(token_ids.end(), ids.begin(), ids.end());
  type_ids.insert(type_ids.end(), types.begin(), types.end());
  cu_seqlens.push_back(token_ids.size());
}

std::vector<std::vector<std::size_t>> plan_batches(std::span<const std::size_t> lengths,
                                                   std::size_t budget) {
  std::vector<std::size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::vector<std::size_t>> batches;
  std::size_t used = 0;
  for (const std::size_t index : order) {
    if (batches.empty() || used + lengths[index] > budget) {
      batches.emplace_back();
      used = 0;
    }
    batches.back().push_back(index);
    used += lengths[index];
  }
  return batches;
}

}  // namespace podium::batch
