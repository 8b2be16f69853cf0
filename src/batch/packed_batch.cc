#include "batch/packed_batch.h"

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

}  // namespace podium::batch
