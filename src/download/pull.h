// Downloading a model into the Hugging Face cache: only the files Podium reads, each checked
// against its checksum, safe beside other downloads of the same model.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"

namespace podium::download {

struct PullOptions {
  std::string model;            // "OWNER/NAME"
  std::string revision;         // a branch, tag or commit; empty is the one in `model`, or main
  std::string endpoint;         // "https://HOST"
  std::string token;            // a bearer token, or nothing
  std::filesystem::path cache;  // see hub/hugging_face_cache.h
  std::chrono::seconds patience{30};  // how long a server may say nothing
  // Called with the bytes that are there and all that are wanted.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

struct Pulled {
  std::filesystem::path snapshot;  // the model's directory
  std::string commit;
  std::size_t files = 0;
  std::uint64_t bytes = 0;    // of the model
  std::uint64_t fetched = 0;  // over the network, this time
};

// What HF_ENDPOINT, HF_TOKEN (or the token of `hf auth login`), HF_HUB_CACHE, HF_HOME and
// HF_HUB_DOWNLOAD_TIMEOUT say. An error if HF_HUB_OFFLINE forbids the network.
Result<PullOptions> options_from_environment();

// The model is in the cache afterwards, under its revision. Errors: not_found for a model,
// revision or server that is not there or may not be read; overloaded, io and deadline_exceeded for
// what another attempt may mend; malformed for a content that is not what its checksum says.
Result<Pulled> pull(const PullOptions& options);

}  // namespace podium::download
