// "Sequence": parts one after the other.
#include <algorithm>
#include <utility>

#include "text/registry.h"

namespace podium::text {

namespace {

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> parts)
      : parts_(std::move(parts)) {}
  void apply(MappedText& text, MappedText& spare) const override {
    for (const auto& part : parts_) part->apply(text, spare);
  }
  std::size_t memory_bytes() const override {
    std::size_t bytes = 0;
    for (const auto& part : parts_) bytes += part->memory_bytes();
    return bytes;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> parts_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> parts)
      : parts_(std::move(parts)) {}
  void apply(Pieces& pieces, Pieces& spare) const override {
    for (const auto& part : parts_) part->apply(pieces, spare);
  }
  // Where any part ends a piece the others cannot join it again.
  BlankCuts blank_cuts() const override {
    BlankCuts most = BlankCuts::none;
    for (const auto& part : parts_) most = std::max(most, part->blank_cuts());
    return most;
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> parts_;
};

template <class Part, class Sequence>
Result<std::unique_ptr<Part>> make_sequence(const Spec& spec, std::string_view key,
                                            Result<std::unique_ptr<Part>> (*make)(const Spec&)) {
  PODIUM_TRY(const Spec list, spec.array(key));
  std::vector<std::unique_ptr<Part>> parts;
  std::optional<Error> error;
  list.value().for_each_element([&](json::Value element) {
    auto part = make(Spec(element, fmt::format("{}[{}]", spec.name(), parts.size())));
    if (part) {
      parts.push_back(*std::move(part));
    } else {
      error = std::move(part).error();
    }
    return !error;
  });
  if (error) return tl::unexpected(*std::move(error));
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace

Result<std::unique_ptr<Normalizer>> make_normalizer_sequence(const Spec& spec) {
  return make_sequence<Normalizer, NormalizerSequence>(spec, "normalizers", make_normalizer);
}

Result<std::unique_ptr<PreTokenizer>> make_pre_tokenizer_sequence(const Spec& spec) {
  return make_sequence<PreTokenizer, PreTokenizerSequence>(spec, "pretokenizers",
                                                           make_pre_tokenizer);
}

}  // namespace podium::text
