#include "hub/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace podium::hub {

namespace {

struct DTypeName {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<DTypeName, 10> kDTypes{{
    {DType::f32, "F32", 4},
    {DType::f16, "F16", 2},
    {DType::bf16, "BF16", 2},
    {DType::f64, "F64", 8},
    {DType::i64, "I64", 8},
    {DType::i32, "I32", 4},
    {DType::i16, "I16", 2},
    {DType::i8, "I8", 1},
    {DType::u8, "U8", 1},
    {DType::boolean, "BOOL", 1},
}};

const DTypeName& row_of(DType dtype) {
  return *std::find_if(kDTypes.begin(), kDTypes.end(),
                       [&](const DTypeName& row) { return row.dtype == dtype; });
}

// The first member name that an object holds twice. JSON readers differ in which of the two they
// take, so a file that does this has no one meaning.
std::optional<std::string_view> repeated_member(json::Value object) {
  std::unordered_set<std::string_view> seen;
  std::optional<std::string_view> repeated;
  object.for_each_member([&](std::string_view name, json::Value) {
    if (!seen.insert(name).second) repeated = name;
    return !repeated;
  });
  return repeated;
}

// One file being read: what every step needs to check a tensor and to name it in an error.
struct Reader {
  std::string_view what;
  std::span<const std::byte> data;  // what follows the header

  tl::unexpected<Error> refuse(std::string_view tensor, std::string_view why,
                               ErrorCode code = ErrorCode::malformed) const {
    return fail(
        code, fmt::format("{}: tensor {} {}", what, tensor, why),
        code == ErrorCode::malformed ? "The file is damaged; download or export it again." : "");
  }

  Result<TensorView> tensor(std::string_view name, json::Value entry) const;
  Result<DType> dtype(std::string_view name, json::Value entry) const;
  Result<std::vector<std::size_t>> sizes(std::string_view name, json::Value entry,
                                         std::string_view key) const;
  Result<void> check_coverage(const std::vector<TensorView>& tensors) const;
};

Result<DType> Reader::dtype(std::string_view name, json::Value entry) const {
  const auto value = entry.find("dtype");
  const auto text = value ? value->as_string() : std::nullopt;
  if (!text) return refuse(name, "has no dtype");
  for (const DTypeName& row : kDTypes) {
    if (row.name == *text) return row.dtype;
  }
  return refuse(name, fmt::format("has the type {}, which Podium does not know", *text),
                ErrorCode::unsupported);
}

// The array of sizes under `key`: "shape" or "data_offsets".
Result<std::vector<std::size_t>> Reader::sizes(std::string_view name, json::Value entry,
                                               std::string_view key) const {
  const auto value = entry.find(key);
  if (!value || !value->is_array()) return refuse(name, fmt::format("has no array \"{}\"", key));
  std::vector<std::size_t> sizes;
  bool valid = true;
  value->for_each_element([&](json::Value element) {
    const auto size = element.as_uint();
    valid = size.has_value();
    if (valid) sizes.push_back(*size);
    return valid;
  });
  if (!valid) return refuse(name, fmt::format("has a \"{}\" that is not all sizes", key));
  return sizes;
}

Result<TensorView> Reader::tensor(std::string_view name, json::Value entry) const {
  if (!entry.is_object()) return refuse(name, "is not described by a JSON object");
  if (const auto twice = repeated_member(entry)) {
    return refuse(name, fmt::format("holds \"{}\" twice", *twice));
  }
  TensorView view;
  view.name = name;
  PODIUM_TRY(view.dtype, dtype(name, entry));
  PODIUM_TRY(view.shape, sizes(name, entry, "shape"));
  PODIUM_TRY(const auto offsets, sizes(name, entry, "data_offsets"));
  if (offsets.size() != 2) return refuse(name, "needs two data_offsets");
  const auto [begin, end] = std::pair(offsets[0], offsets[1]);
  if (begin > end)
    return refuse(name, fmt::format("ends at byte {} before it begins at {}", end, begin));
  if (end > data.size()) {
    return refuse(name,
                  fmt::format("ends at byte {} of {}: the file is cut off", end, data.size()));
  }
  std::size_t bytes = size_of(view.dtype);
  for (const std::size_t size : view.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      return refuse(name, fmt::format("has an impossible shape {}", view.shape_text()));
    }
  }
  if (bytes != end - begin) {
    return refuse(name, fmt::format("of shape {} and type {} needs {} bytes but has {}",
                                    view.shape_text(), to_string(view.dtype), bytes, end - begin));
  }
  view.bytes = data.subspan(begin, bytes);
  return view;
}

// Every byte of the data belongs to exactly one tensor; tensors are in the order of their bytes.
Result<void> Reader::check_coverage(const std::vector<TensorView>& tensors) const {
  std::size_t covered = 0;
  std::string_view previous;
  for (const TensorView& view : tensors) {
    const auto begin = static_cast<std::size_t>(view.bytes.data() - data.data());
    if (begin < covered) return refuse(view.name, fmt::format("overlaps tensor {}", previous));
    if (begin > covered) {
      return refuse(view.name, fmt::format("leaves {} bytes unused before it", begin - covered));
    }
    covered = begin + view.bytes.size();
    if (!view.bytes.empty()) previous = view.name;
  }
  if (covered == data.size()) return {};
  return fail(ErrorCode::malformed, fmt::format("{}: {} bytes after the last tensor belong to none",
                                                what, data.size() - covered));
}

// The header's text, and what follows it.
Result<std::pair<std::string_view, std::span<const std::byte>>> split(
    std::span<const std::byte> file, std::string_view what) {
  std::uint64_t length = 0;
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with("version https://git-lfs")) {
    return fail(ErrorCode::malformed, fmt::format("{} is a Git LFS pointer, not the weights", what),
                "Run `git lfs pull` in the model's repository.");
  }
  if (file.size() < sizeof length) {
    return fail(ErrorCode::malformed,
                fmt::format("{} has {} bytes: too short for safetensors", what, file.size()),
                "Download or export the file again.");
  }
  std::memcpy(&length, file.data(), sizeof length);
  const std::size_t rest = file.size() - sizeof length;
  if (length > kMaxSafetensorsHeader) {
    return fail(ErrorCode::malformed,
                fmt::format("{}: the header claims {} bytes; safetensors allows {}", what, length,
                            kMaxSafetensorsHeader),
                "This is not a safetensors file, or it is damaged.");
  }
  if (length > rest) {
    return fail(
        ErrorCode::malformed,
        fmt::format("{}: the header claims {} bytes but only {} follow", what, length, rest),
        "The file is cut off; download or export it again.");
  }
  return std::pair(text.substr(sizeof length, length), file.subspan(sizeof length + length));
}

}  // namespace

std::string_view to_string(DType dtype) { return row_of(dtype).name; }

std::size_t size_of(DType dtype) { return row_of(dtype).size; }

std::size_t TensorView::elements() const { return bytes.size() / size_of(dtype); }

std::string TensorView::shape_text() const { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Result<SafetensorsFile> read_safetensors(std::span<const std::byte> file, std::string_view what) {
  PODIUM_TRY(const auto parts, split(file, what));
  const Reader reader{what, parts.second};
  PODIUM_TRY(auto header,
             json::Document::parse(parts.first, fmt::format("the header of {}", what)));
  if (!header.root().is_object()) {
    return fail(ErrorCode::malformed, fmt::format("the header of {} is not a JSON object", what));
  }
  if (const auto twice = repeated_member(header.root())) {
    return reader.refuse(*twice, "is described twice");
  }
  std::vector<TensorView> tensors;
  Result<void> outcome;
  header.root().for_each_member([&](std::string_view name, json::Value entry) {
    if (name == "__metadata__") return true;
    auto tensor = reader.tensor(name, entry);
    if (tensor) {
      tensors.push_back(*std::move(tensor));
    } else {
      outcome = tl::unexpected(std::move(tensor).error());
    }
    return outcome.has_value();
  });
  PODIUM_CHECK(std::move(outcome));
  // Empty tensors may share the offset of the next one, which they must then precede.
  std::sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  PODIUM_CHECK(reader.check_coverage(tensors));
  return SafetensorsFile{std::move(header), std::move(tensors)};
}

}  // namespace podium::hub
