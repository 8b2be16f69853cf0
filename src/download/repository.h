// A model's repository on a Hugging Face compatible server: which files it has, what is known of
// each, and their bytes. Requests that fail in a way that may pass are made again, a few times.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "download/http_client.h"
#include "hub/hugging_face_cache.h"

namespace podium::download {

struct FileFacts {
  std::string name;  // "1_Pooling/config.json"
  std::string etag;  // names the content; see checksum.h
  std::uint64_t size = 0;
};

class Repository {
 public:
  // Asks the server which commit `name.revision` is, and for the names of its files.
  static Result<Repository> open(HttpClient client, std::string endpoint, hub::ModelName name);

  const std::string& commit() const { return commit_; }

  // The files Podium needs, weights last; an error where there are no safetensors or
  // tokenizer.json. Of sharded weights only the index: `shards` reads the rest from it.
  Result<std::vector<std::string>> wanted() const;

  // The names of the weight files in the text of an index, each of which the repository has.
  Result<std::vector<std::string>> shards(std::string_view index) const;

  Result<FileFacts> facts(const std::string& file);

  // The bytes of a file from `first()` on, which is asked again before each attempt.
  Result<void> fetch(const FileFacts& file, const std::function<std::uint64_t()>& first,
                     const Sink& sink);

 private:
  Repository(HttpClient client, std::string endpoint, hub::ModelName name)
      : client_(std::move(client)), endpoint_(std::move(endpoint)), name_(std::move(name)) {}
  std::string url(std::string_view file) const;
  bool has(std::string_view file) const;

  HttpClient client_;
  std::string endpoint_;
  hub::ModelName name_;
  std::string commit_;
  std::vector<std::string> files_;
};

}  // namespace podium::download
