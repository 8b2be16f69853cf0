#include "hub/checkpoint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "hub/directory.h"
#include "hub/safetensors.h"

namespace podium::hub {

namespace fs = std::filesystem;

struct Checkpoint::Contents {
  std::string name;
  std::vector<MappedFile> mapped;  // everything below views into these, or into the caller's memory
  std::vector<json::Document> headers;  // own the tensors' names
  std::string_view config_json;
  std::string_view tokenizer_json;
  std::string_view tokenizer_config_json;
  SentenceTransformersFiles sentence_transformers;
  std::vector<TensorView> tensors;

  Result<std::string_view> map_text(const fs::path& path);
  Result<void> add_weights(std::span<const std::byte> file, std::string_view what);
  Result<void> add_file(const fs::path& path);
  Result<void> add_shards(const fs::path& index);
  Result<void> sort_tensors();
};

namespace {

constexpr const char* kInteraction = "interaction.safetensors";

// Tensor name -> shard name, as model.safetensors.index.json says.
using WeightMap = std::map<std::string, std::string, std::less<>>;

// A shard lies beside its index: a name with a path in it could read any file of the machine.
bool is_shard_name(std::string_view name) {
  return name.ends_with(".safetensors") && name.find_first_of("/\\") == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<WeightMap> read_index(std::string_view text, const std::string& what) {
  PODIUM_TRY(const auto document, json::Document::parse(text, what));
  const auto weight_map = document.root().find("weight_map");
  if (!weight_map || !weight_map->is_object()) {
    return fail(ErrorCode::malformed, fmt::format("{} has no \"weight_map\" object", what));
  }
  WeightMap shards;
  Result<void> outcome;
  weight_map->for_each_member([&](std::string_view tensor, json::Value value) {
    const auto shard = value.as_string();
    if (!shard) {
      outcome =
          fail(ErrorCode::malformed, fmt::format("{} gives tensor {} no shard name", what, tensor));
    } else if (!is_shard_name(*shard)) {
      outcome = fail(ErrorCode::malformed,
                     fmt::format("{} puts tensor {} into \"{}\", which is not the name of a "
                                 ".safetensors file beside it",
                                 what, tensor, *shard));
    } else if (!shards.emplace(tensor, *shard).second) {
      outcome = fail(ErrorCode::malformed, fmt::format("{} lists tensor {} twice", what, tensor));
    }
    return outcome.has_value();
  });
  PODIUM_CHECK(std::move(outcome));
  return shards;
}

std::string display_path(std::string_view model, std::string_view file) {
  return fmt::format("{}/{}", model, file);
}

}  // namespace

Result<std::string_view> Checkpoint::Contents::map_text(const fs::path& path) {
  PODIUM_TRY(auto file, MappedFile::open(path));
  mapped.push_back(std::move(file));
  return mapped.back().text();
}

Result<void> Checkpoint::Contents::add_weights(std::span<const std::byte> file,
                                               std::string_view what) {
  PODIUM_TRY(auto weights, read_safetensors(file, what));
  headers.push_back(std::move(weights.header));
  tensors.insert(tensors.end(), std::make_move_iterator(weights.tensors.begin()),
                 std::make_move_iterator(weights.tensors.end()));
  return {};
}

Result<void> Checkpoint::Contents::add_file(const fs::path& path) {
  PODIUM_TRY(auto file, MappedFile::open(path));
  mapped.push_back(std::move(file));
  return add_weights(mapped.back().bytes(), path.string());
}

Result<void> Checkpoint::Contents::add_shards(const fs::path& index) {
  PODIUM_TRY(const auto text, map_text(index));
  PODIUM_TRY(const auto shards, read_index(text, index.string()));
  std::map<std::string_view, std::size_t> counted;  // shard -> tensors the index expects in it
  for (const auto& [tensor, shard] : shards) ++counted[shard];
  for (const auto& [shard, count] : counted) {
    const std::size_t before = tensors.size();
    PODIUM_CHECK(add_file(index.parent_path() / shard));
    // Every tensor the index puts here must be here; extra ones are harmless.
    std::size_t found = 0;
    for (std::size_t i = before; i < tensors.size(); ++i) {
      const auto entry = shards.find(tensors[i].name);
      found += entry != shards.end() && entry->second == shard ? 1 : 0;
    }
    if (found == count) continue;
    for (const auto& [tensor, home] : shards) {
      const bool here =
          std::any_of(tensors.begin() + static_cast<std::ptrdiff_t>(before), tensors.end(),
                      [&](const TensorView& view) { return view.name == tensor; });
      if (home != shard || here) continue;
      return fail(ErrorCode::not_found,
                  fmt::format("tensor {} is missing from {}, where {} puts it", tensor, shard,
                              index.string()),
                  "The shards and the index do not belong together; download them again.");
    }
  }
  return {};
}

Result<void> Checkpoint::Contents::sort_tensors() {
  const auto by_name = [](const TensorView& a, const TensorView& b) { return a.name < b.name; };
  std::sort(tensors.begin(), tensors.end(), by_name);
  const auto same = [](const TensorView& a, const TensorView& b) { return a.name == b.name; };
  const auto twice = std::adjacent_find(tensors.begin(), tensors.end(), same);
  if (twice == tensors.end()) return {};
  return fail(ErrorCode::malformed,
              fmt::format("model {}: tensor {} is in two shards", name, twice->name),
              "The shards do not belong together; download them again.");
}

Result<Checkpoint> Checkpoint::open(const fs::path& directory) {
  PODIUM_TRY(const ModelFiles files, find_model_files(directory));
  auto contents = std::make_unique<Contents>();
  contents->name = files.name;
  PODIUM_TRY(contents->config_json, contents->map_text(files.config));
  PODIUM_TRY(contents->tokenizer_json, contents->map_text(files.tokenizer));
  if (!files.tokenizer_config.empty()) {
    PODIUM_TRY(contents->tokenizer_config_json, contents->map_text(files.tokenizer_config));
  }
  SentenceTransformersFiles& beside = contents->sentence_transformers;
  for (const auto& [text, name] : {std::pair(&beside.modules, "modules.json"),
                                   std::pair(&beside.pooling, "1_Pooling/config.json"),
                                   std::pair(&beside.prompts, "config_sentence_transformers.json"),
                                   std::pair(&beside.limits, "sentence_bert_config.json")}) {
    std::error_code ignored;
    if (!fs::is_regular_file(directory / name, ignored)) continue;
    PODIUM_TRY(*text, contents->map_text(directory / name));
  }
  PODIUM_CHECK(files.sharded ? contents->add_shards(files.weights)
                             : contents->add_file(files.weights));
  std::error_code ignored;
  if (const fs::path more = directory / kInteraction; fs::is_regular_file(more, ignored)) {
    PODIUM_CHECK(contents->add_file(more));
  }
  PODIUM_CHECK(contents->sort_tensors());
  return Checkpoint(std::move(contents));
}

Result<Checkpoint> Checkpoint::open(const MemoryFiles& files) {
  auto contents = std::make_unique<Contents>();
  contents->name = files.name;
  contents->config_json = files.config_json;
  contents->tokenizer_json = files.tokenizer_json;
  contents->tokenizer_config_json = files.tokenizer_config_json;
  contents->sentence_transformers = files.sentence_transformers;
  PODIUM_CHECK(
      contents->add_weights(files.safetensors, display_path(files.name, "model.safetensors")));
  if (!files.interaction.empty()) {
    PODIUM_CHECK(contents->add_weights(files.interaction, display_path(files.name, kInteraction)));
  }
  PODIUM_CHECK(contents->sort_tensors());
  return Checkpoint(std::move(contents));
}

Checkpoint::Checkpoint(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

const std::string& Checkpoint::name() const { return contents_->name; }
std::string_view Checkpoint::config_json() const { return contents_->config_json; }
std::string_view Checkpoint::tokenizer_json() const { return contents_->tokenizer_json; }
std::string_view Checkpoint::tokenizer_config_json() const {
  return contents_->tokenizer_config_json;
}
const SentenceTransformersFiles& Checkpoint::sentence_transformers() const {
  return contents_->sentence_transformers;
}

std::uint64_t Checkpoint::fingerprint() const {
  constexpr std::size_t kSample = 256;
  Hash hash;
  hash.add(config_json()).add(tokenizer_config_json()).add(tokenizer_json().size());
  for (const TensorView& tensor : contents_->tensors) {
    hash.add(tensor.name).add(tensor.bytes.size());
    const std::size_t count = std::min(kSample, tensor.bytes.size());
    hash.add(tensor.bytes.first(count)).add(tensor.bytes.last(count));
    hash.add(tensor.bytes.subspan((tensor.bytes.size() - count) / 2, count));
  }
  for (const MappedFile& file : contents_->mapped) {
    hash.add(static_cast<std::uint64_t>(file.modified_ns()));
  }
  return hash.value();
}

void Checkpoint::drop_pages() const {
  for (const MappedFile& file : contents_->mapped) file.drop_pages();
}

std::span<const TensorView> Checkpoint::tensors() const { return contents_->tensors; }

const TensorView* Checkpoint::find(std::string_view name) const {
  const auto& tensors = contents_->tensors;
  const auto at = std::lower_bound(
      tensors.begin(), tensors.end(), name,
      [](const TensorView& view, std::string_view key) { return view.name < key; });
  return at != tensors.end() && at->name == name ? &*at : nullptr;
}

}  // namespace podium::hub
