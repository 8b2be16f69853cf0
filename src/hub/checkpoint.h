// A model on disk (or in memory): its JSON files as text and its tensors as views of mapped bytes.
//
// Nothing is copied and nothing is interpreted here beyond what safetensors says: names, types,
// shapes, and that every tensor lies inside the file and overlaps no other. A Checkpoint may be
// read from many threads; views live as long as it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace podium::hub {

// Element types of safetensors that Podium can hold. Integer types other than u8 occur in published
// files only as buffers (position_ids) and are never read.
enum class DType { f32, f16, bf16, f64, i64, i32, i16, i8, u8, boolean };

std::string_view to_string(DType dtype);  // as safetensors spells it, e.g. "BF16"
std::size_t size_of(DType dtype);         // bytes per element

struct TensorView {
  std::string_view name;
  DType dtype = DType::f32;
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;  // little-endian, row-major, not necessarily aligned

  std::size_t elements() const;
  std::string shape_text() const;  // e.g. "[384, 1536]"
};

// The files that the sentence-transformers library puts beside a model; those that are absent are
// empty.
struct SentenceTransformersFiles {
  std::string_view modules;  // modules.json
  std::string_view pooling;  // 1_Pooling/config.json
  std::string_view prompts;  // config_sentence_transformers.json
  std::string_view limits;   // sentence_bert_config.json
};

// Files of a model already in memory, e.g. the built-in one. Empty optional files are empty views.
struct MemoryFiles {
  std::string_view name;
  std::string_view config_json;
  std::string_view tokenizer_json;
  std::string_view tokenizer_config_json;
  std::span<const std::byte> safetensors;
  std::span<const std::byte> interaction = {};  // interaction.safetensors, or none
  SentenceTransformersFiles sentence_transformers = {};
};

class Checkpoint {
 public:
  // Opens a directory with config.json, tokenizer.json and model.safetensors or
  // model.safetensors.index.json with its shards; interaction.safetensors too, where it lies beside
  // them: what Podium adds to a bi-encoder that stays as it was published.
  static Result<Checkpoint> open(const std::filesystem::path& directory);

  // The same from memory, which must outlive the checkpoint.
  static Result<Checkpoint> open(const MemoryFiles& files);

  // The directory's name; inside a Hugging Face cache the repository's, "org/name".
  const std::string& name() const;
  std::string_view config_json() const;
  std::string_view tokenizer_json() const;
  std::string_view tokenizer_config_json() const;  // empty if there is none

  const SentenceTransformersFiles& sentence_transformers() const;

  // Tells this checkpoint from any other: its JSON files, names, shapes and samples of all tensors,
  // and when its files were changed.
  std::uint64_t fingerprint() const;

  // Gives back the memory of file pages read so far; they are read again when next looked at.
  void drop_pages() const;

  // Sorted by name.
  std::span<const TensorView> tensors() const;
  const TensorView* find(std::string_view name) const;  // nullptr if absent

  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

 private:
  struct Contents;
  explicit Checkpoint(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace podium::hub
