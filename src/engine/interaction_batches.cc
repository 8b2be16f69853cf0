#include "engine/interaction_batches.h"

#include <algorithm>
#include <tuple>

namespace podium {

namespace {

Hash128 at_depth(const Hash128& name, std::size_t depth) { return {name.high, name.low + depth}; }

}  // namespace

// Queries first, since passages of the same batch may meet them; then passages that were seen
// before, while all that is kept is in its place.
void InteractionBatches::encode(std::span<const Scheduler::Work> work, batch::PackedBatch& batch,
                                model::Workspace& workspace, ThreadPool& pool, float* out) {
  const std::size_t width = model_.output_size();
  const auto visit = [&](std::size_t i) -> Visit& { return *work[i].visit; };
  const auto pack = [&](std::span<const std::size_t> indexes) {
    batch.clear();
    for (const std::size_t i : indexes) batch.add(work[i].sequence.ids, work[i].sequence.type_ids);
  };
  texts_.clear();
  passages_.clear();
  cache_.begin();
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (work[i].visit == nullptr) {
      texts_.push_back(i);
    } else if (visit(i).answer == nullptr) {
      passages_.push_back(i);
      recall(work[i].sequence.ids, visit(i));
    } else {
      pack({&i, 1});
      model_.encode_query(batch, workspace, pool, *visit(i).answer);
    }
  }
  if (!texts_.empty()) {
    rows_.resize(texts_.size() * width);
    pack(texts_);
    model_.forward(batch, workspace, pool, rows_.data());
    for (std::size_t n = 0; n < texts_.size(); ++n) {
      std::copy_n(rows_.data() + n * width, width, out + texts_[n] * width);
    }
  }
  const auto kind = [&](std::size_t i) {
    return std::tuple(!visit(i).seen, visit(i).from, visit(i).to);
  };
  std::ranges::sort(passages_, {}, [&](std::size_t i) { return std::pair(kind(i), i); });
  for (std::span<const std::size_t> rest = passages_; !rest.empty();) {
    const auto end =
        std::ranges::find_if(rest, [&](std::size_t i) { return kind(i) != kind(rest.front()); });
    const auto same = rest.first(static_cast<std::size_t>(end - rest.begin()));
    rest = rest.subspan(same.size());
    const bool seen = visit(same.front()).seen;
    group_.clear();
    for (const std::size_t i : same) {
      if (!seen) reserve(work[i].sequence.ids.size(), visit(i));
      group_.push_back(&visit(i));
    }
    rows_.resize(same.size());
    pack(same);
    model_.advance(batch, group_, workspace, pool, rows_.data());
    for (std::size_t n = 0; n < same.size(); ++n) {
      out[same[n] * width] = rows_[n];
      out[same[n] * width + 1] = seen ? static_cast<float>(batch.length(n)) : 0.0F;
    }
  }
  for (const std::size_t i : passages_) {
    for (std::size_t depth = 0; visit(i).seen && depth < model::kDepths; ++depth) {
      cache_.refresh(at_depth(visit(i).name, depth));
    }
  }
}

// Looks for what is kept of the depths that the passage is to be taken to.
void InteractionBatches::recall(std::span<const std::int32_t> tokens, Visit& passage) {
  passage.seen = false;
  passage.kept = {};
  if (passage.remembers) {
    if (passage.from == 0) passage.name = cache_.name(passage.scope, tokens);
    passage.seen = true;
    for (std::size_t depth = passage.from; depth < passage.to; ++depth) {
      passage.kept[depth] = cache_.find(at_depth(passage.name, depth));
      passage.seen = passage.seen && passage.kept[depth] != nullptr;
    }
  }
  // It came here from what was kept, and the rest is not: from the start, then.
  if (!passage.seen && passage.from > 0 && passage.states.empty()) passage.from = 0;
}

void InteractionBatches::reserve(std::size_t tokens, Visit& passage) {
  passage.kept = {};
  if (!passage.remembers) return;
  for (std::size_t depth = passage.from; depth < passage.to; ++depth) {
    passage.kept[depth] =
        cache_.reserve(at_depth(passage.name, depth), model_.state_bytes(depth, tokens));
  }
}

}  // namespace podium
