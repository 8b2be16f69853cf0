// Model files made by the tests themselves: safetensors bytes, and directories that go away again.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podium/result.h"

namespace podium::hub {

// A safetensors file with this header, whatever it says, and these data bytes.
inline std::string safetensors(std::string_view header, std::string_view data) {
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  return file.append(header).append(data);
}

// A file of F32 vectors of four zeros each.
inline std::string safetensors_with(const std::vector<std::string>& names) {
  std::string header = "{";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) header += ',';
    header += '"' + names[i] + R"(":{"dtype":"F32","shape":[4],"data_offsets":[)" +
              std::to_string(16 * i) + ',' + std::to_string(16 * i + 16) + "]}";
  }
  return safetensors(header + '}', std::string(16 * names.size(), '\0'));
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <class T>
std::string bytes_from(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podium-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Writes a file, with the folders above it.
  TemporaryDirectory& write(std::string_view name, std::string_view contents) {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << contents;
    return *this;
  }

 private:
  std::filesystem::path path_;
};

// Holds if the result is an error of that code whose message and hint together contain `words`.
template <class T>
testing::AssertionResult fails_with(const Result<T>& result, ErrorCode code,
                                    const std::vector<std::string>& words) {
  if (result) return testing::AssertionFailure() << "succeeded";
  const Error& error = result.error();
  const std::string text = error.message + " | " + error.hint;
  for (const std::string& word : words) {
    if (text.find(word) == std::string::npos) {
      return testing::AssertionFailure() << '"' << word << "\" is not in: " << text;
    }
  }
  if (error.code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(error.code) << ": " << text;
}

}  // namespace podium::hub
