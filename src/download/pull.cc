#include "download/pull.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include "download/blob_store.h"
#include "download/checksum.h"
#include "download/repository.h"
#include "hub/environment.h"

namespace podium::download {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHub = "https://huggingface.co";

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string token_from_environment() {
  if (const auto token = hub::environment("HF_TOKEN"); !token.empty()) return trimmed(token);
  fs::path file(hub::environment("HF_TOKEN_PATH"));
  if (file.empty()) file = hub::environment_or_home("HF_HOME", ".cache/huggingface") / "token";
  return trimmed(read_text(file));
}

// One pull: what has come and what is still to come.
class Pull {
 public:
  Pull(Repository repository, BlobStore store, const PullOptions& options)
      : repository_(std::move(repository)), store_(std::move(store)), options_(options) {}

  Result<Pulled> run() {
    PODIUM_TRY(const auto names, repository_.wanted());
    PODIUM_CHECK(learn(names));
    if (files_.back().name.ends_with(".index.json")) {
      PODIUM_CHECK(fetch(files_.back()));
      PODIUM_TRY(const auto shards, repository_.shards(read_text(store_.blob(files_.back().etag))));
      PODIUM_CHECK(learn(shards));
    }
    PODIUM_CHECK(check_space());
    for (const FileFacts& file : files_) PODIUM_CHECK(fetch(file));
    for (const FileFacts& file : files_) {
      PODIUM_CHECK(store_.link(repository_.commit(), file.name, file.etag));
    }
    // Last, so that the name never leads to half a model.
    PODIUM_CHECK(store_.refer(repository_.commit()));
    return Pulled{store_.snapshot(repository_.commit()), repository_.commit(), files_.size(),
                  total_, fetched_};
  }

 private:
  Result<void> learn(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      PODIUM_TRY(files_.emplace_back(), repository_.facts(name));
      total_ += files_.back().size;
    }
    return {};
  }

  Result<void> check_space() const {
    std::uint64_t needed = 0;
    for (const FileFacts& file : files_) {
      std::error_code absent;
      const auto has = fs::file_size(store_.partial(file.etag), absent);
      if (!store_.has(file.etag, file.size))
        needed += file.size - (absent ? 0 : std::min(has, file.size));
    }
    if (needed <= store_.free_bytes()) return {};
    return fail(ErrorCode::io,
                fmt::format("{} more MB are needed, and {} has {} MB left", needed / 1'000'000,
                            options_.cache.string(), store_.free_bytes() / 1'000'000),
                "Make room, or name another folder in HF_HUB_CACHE.");
  }

  Result<void> fetch(const FileFacts& file) {
    PODIUM_TRY(const Descriptor lock, store_.lock(file.etag));
    if (!store_.has(file.etag, file.size)) {
      PODIUM_TRY(PartialBlob partial, PartialBlob::open(store_.partial(file.etag)));
      const bool resumed = partial.size() > 0;
      PODIUM_TRY(bool good, complete(file, partial));
      if (!good && resumed) {  // what was there was something else
        PODIUM_CHECK(partial.clear());
        PODIUM_TRY(good, complete(file, partial));
      }
      if (!good) {
        PODIUM_CHECK(partial.clear());
        return fail(ErrorCode::malformed,
                    fmt::format("{} did not arrive as it should: its checksum is not {}", file.name,
                                file.etag),
                    "Try again; if it stays, the server or a proxy alters files.");
      }
      PODIUM_CHECK(store_.keep(file.etag));
    }
    if (counted_.insert(file.name).second) done_ += file.size;
    report(0);
    return {};
  }

  // Fetches what is missing. Whether it is then what its checksum says.
  Result<bool> complete(const FileFacts& file, PartialBlob& partial) {
    if (partial.size() > file.size) PODIUM_CHECK(partial.clear());
    const auto sink = [&](const HttpReply& head, std::string_view bytes) -> Result<void> {
      // A server that knows no ranges starts from the front.
      if (head.status == 200 && restart_) PODIUM_CHECK(partial.clear());
      restart_ = false;
      if (partial.size() + bytes.size() > file.size) {
        return fail(ErrorCode::malformed,
                    fmt::format("{} is longer than the server said", file.name));
      }
      fetched_ += bytes.size();
      PODIUM_CHECK(partial.append(bytes));
      report(partial.size());
      return {};
    };
    const auto first = [&] {
      restart_ = true;
      return partial.size();
    };
    if (partial.size() < file.size) PODIUM_CHECK(repository_.fetch(file, first, sink));
    if (partial.size() != file.size) return false;
    PODIUM_CHECK(partial.flush());
    const ChecksumKind kind = checksum_kind(file.etag);
    PODIUM_TRY(const std::string is, checksum(store_.partial(file.etag), kind));
    return kind == ChecksumKind::none || is == file.etag;
  }

  void report(std::uint64_t of_this_file) const {
    if (options_.progress) options_.progress(done_ + of_this_file, total_);
  }

  Repository repository_;
  BlobStore store_;
  const PullOptions& options_;
  std::vector<FileFacts> files_;
  std::set<std::string> counted_;
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t fetched_ = 0;
  bool restart_ = false;  // the next bytes are the first of an attempt
};

}  // namespace

Result<PullOptions> options_from_environment() {
  const auto offline = hub::environment("HF_HUB_OFFLINE");
  if (!offline.empty() && offline != "0") {
    return fail(ErrorCode::invalid_argument, "HF_HUB_OFFLINE is set, so nothing is downloaded",
                "Unset it, or put the model's directory where --model finds it.");
  }
  PullOptions options;
  const auto endpoint = hub::environment("HF_ENDPOINT");
  options.endpoint = endpoint.empty() ? kHub : endpoint;
  options.token = token_from_environment();
  options.cache = hub::hugging_face_cache();
  const auto patience = hub::environment("HF_HUB_DOWNLOAD_TIMEOUT");
  int seconds = 0;
  std::from_chars(patience.data(), patience.data() + patience.size(), seconds);
  if (seconds > 0) options.patience = std::chrono::seconds(seconds);
  if (options.cache.empty()) {
    return fail(ErrorCode::invalid_argument, "there is no home directory to keep models in",
                "Name a folder in HF_HUB_CACHE.");
  }
  return options;
}

Result<Pulled> pull(const PullOptions& options) {
  PODIUM_TRY(hub::ModelName name, hub::parse_model_name(options.model));
  if (!options.revision.empty()) {
    PODIUM_TRY(name, hub::parse_model_name(name.repository + "@" + options.revision));
  }
  PODIUM_TRY(HttpClient client,
             HttpClient::open({options.endpoint, options.token, options.patience}));
  const BlobStore store(options.cache, name);
  PODIUM_TRY(Repository repository,
             Repository::open(std::move(client), options.endpoint, std::move(name)));
  PODIUM_CHECK(store.prepare());
  return Pull(std::move(repository), store, options).run();
}

}  // namespace podium::download
