#include "hub/directory.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace podium::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kConvertPickle =
    "Convert it once, in Python: `from transformers import AutoModelForSequenceClassification as "
    "M; "
    "M.from_pretrained(DIR).save_pretrained(OUT, safe_serialization=True)`, or for a bare state "
    "dict "
    "`import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in "
    "torch.load(FILE, weights_only=True).items()}, 'model.safetensors')`.";
constexpr std::string_view kFetchSafetensors =
    "Get the original PyTorch checkpoint of this model with its model.safetensors.";
constexpr std::string_view kMakeTokenizerJson =
    "Make it once, in Python: `from transformers import AutoTokenizer; "
    "AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)`.";

// Weights that Podium does not read, by the end of their file name.
struct ForeignWeights {
  std::string_view suffix;
  std::string_view says;
  std::string_view hint;
};

constexpr std::array<ForeignWeights, 11> kForeignWeights{{
    {"adapter_model.safetensors", "is a LoRA adapter without its base model",
     "Merge it into the base model first: `model.merge_and_unload().save_pretrained(OUT)`."},
    {".safetensors", "is not named as Podium expects", "Rename it to model.safetensors."},
    {".bin", "is a PyTorch pickle, which can run code when it is read", kConvertPickle},
    {".pt", "is a PyTorch pickle, which can run code when it is read", kConvertPickle},
    {".pth", "is a PyTorch pickle, which can run code when it is read", kConvertPickle},
    {".ckpt", "is a PyTorch pickle, which can run code when it is read", kConvertPickle},
    {".gguf", "is in llama.cpp's GGUF format", kFetchSafetensors},
    {".onnx", "is an ONNX graph", kFetchSafetensors},
    {".h5", "is a TensorFlow checkpoint", kFetchSafetensors},
    {".msgpack", "is a Flax checkpoint", kFetchSafetensors},
    {".npz", "is a NumPy archive", kFetchSafetensors},
}};

constexpr std::array<std::string_view, 6> kForeignTokenizers{"sentencepiece.bpe.model",
                                                             "spiece.model",
                                                             "tokenizer.model",
                                                             "vocab.txt",
                                                             "vocab.json",
                                                             "spm.model"};

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// The names of the files in a directory; none if it cannot be read.
std::vector<std::string> file_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Error> foreign_weights(const fs::path& directory) {
  const auto names = file_names(directory);
  for (const ForeignWeights& format : kForeignWeights) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return name.ends_with(format.suffix) && name != "training_args.bin";
    });
    if (found == names.end()) continue;
    return Error{
        ErrorCode::unsupported,
        fmt::format("{} has no model.safetensors: {} {}", directory.string(), *found, format.says),
        std::string(format.hint)};
  }
  return std::nullopt;
}

// A missing file's error. Weights in another format explain more than any single missing file.
tl::unexpected<Error> missing(const fs::path& directory, std::string_view file) {
  std::error_code ignored;
  for (const fs::path& folder : {directory, directory / "onnx"}) {
    if (fs::exists(directory / "model.safetensors.index.json", ignored)) break;
    if (fs::exists(directory / "model.safetensors", ignored)) break;
    if (auto error = foreign_weights(folder)) return tl::unexpected(*std::move(error));
  }
  const auto other = std::find_if(kForeignTokenizers.begin(), kForeignTokenizers.end(),
                                  [&](std::string_view name) { return is_file(directory / name); });
  if (file == "tokenizer.json" && other != kForeignTokenizers.end()) {
    return fail(ErrorCode::not_found,
                fmt::format("{} has {} but no tokenizer.json", directory.string(), *other),
                std::string(kMakeTokenizerJson));
  }
  return fail(ErrorCode::not_found, fmt::format("{} has no {}", directory.string(), file),
              "A model directory holds config.json, tokenizer.json and model.safetensors.");
}

// The directory's own name. Inside a Hugging Face cache that is a commit, so there it is the
// repository's: …/models--org--name/snapshots/<commit> -> "org/name".
std::string display_name(const fs::path& directory) {
  std::error_code ignored;
  fs::path path = fs::absolute(directory, ignored).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  constexpr std::string_view kPrefix = "models--";
  const std::string repository = path.parent_path().parent_path().filename().string();
  if (path.parent_path().filename() != "snapshots" || !repository.starts_with(kPrefix)) {
    return path.filename().string();
  }
  const std::string name = repository.substr(kPrefix.size());
  const auto border = name.find("--");
  if (border == std::string::npos) return name;
  return fmt::format("{}/{}", name.substr(0, border), name.substr(border + 2));
}

}  // namespace

Result<ModelFiles> find_model_files(const fs::path& directory) {
  std::error_code error;
  const auto status = fs::status(directory, error);
  if (!fs::exists(status)) {
    return fail(ErrorCode::not_found,
                fmt::format("model directory {} does not exist", directory.string()),
                "Check the path given with --model.");
  }
  if (!fs::is_directory(status)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is a file, not a model directory", directory.string()),
                "Give the directory that holds config.json and model.safetensors.");
  }
  ModelFiles files;
  files.name = display_name(directory);
  files.config = directory / "config.json";
  files.tokenizer = directory / "tokenizer.json";
  files.weights = directory / "model.safetensors";
  if (!is_file(files.weights)) {
    files.weights = directory / "model.safetensors.index.json";
    files.sharded = true;
  }
  if (!is_file(files.config)) return missing(directory, "config.json");
  if (!is_file(files.weights)) return missing(directory, "model.safetensors");
  if (!is_file(files.tokenizer)) return missing(directory, "tokenizer.json");
  if (is_file(directory / "tokenizer_config.json")) {
    files.tokenizer_config = directory / "tokenizer_config.json";
  }
  return files;
}

}  // namespace podium::hub
