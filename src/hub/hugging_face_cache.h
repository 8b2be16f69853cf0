// The folder where Hugging Face's tools keep what they downloaded, which Podium shares:
//   models--OWNER--NAME/refs/BRANCH        the commit of a branch or tag
//   models--OWNER--NAME/snapshots/COMMIT   the files of a commit, links into
//   models--OWNER--NAME/blobs              the contents, named by their checksums
//   .locks/models--OWNER--NAME/BLOB.lock   held with flock() while a content is downloaded
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace podium::hub {

// A model as people write it: "NAME", "OWNER/NAME", either with "@REVISION" (a branch, tag or
// commit).
struct ModelName {
  std::string repository;
  std::string revision = "main";

  std::string folder() const;  // "models--OWNER--NAME"
};

// An error for what could not be one: parts that lead elsewhere ("..", "~"), more than one '/'.
Result<ModelName> parse_model_name(std::string_view text);

// $HF_HUB_CACHE, $HF_HOME/hub, or huggingface/hub in the user's cache; empty without a home.
std::filesystem::path hugging_face_cache();

// The commit that a revision stands for in this cache; empty if it is not known there.
std::string cached_commit(const std::filesystem::path& cache, const ModelName& name);

bool is_commit(std::string_view revision);  // 40 hexadecimal digits

}  // namespace podium::hub
