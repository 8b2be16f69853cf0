#include "download/repository.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "base/json.h"

namespace podium::download {

namespace {

using std::chrono::seconds;

constexpr int kFirstAttempts = 2;    // of the first request: is there such a server?
constexpr int kAttempts = 5;         // of the others, in a row without a byte
constexpr seconds kLongestWait{30};  // for a server that says how long

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 50U;

constexpr std::string_view kWeights = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";

// Besides the weights and the sentence-transformers modules ("1_Pooling/config.json").
constexpr std::array<std::string_view, 8> kFiles = {"config.json",
                                                    "tokenizer.json",
                                                    "tokenizer_config.json",
                                                    "modules.json",
                                                    "added_tokens.json",
                                                    "special_tokens_map.json",
                                                    "sentence_bert_config.json",
                                                    "config_sentence_transformers.json"};

bool is_module_config(std::string_view file) {
  const auto border = file.find('_');
  return border != 0 && border != std::string_view::npos && file.ends_with("/config.json") &&
         std::ranges::count(file, '/') == 1 &&
         file.substr(0, border).find_first_not_of("0123456789") == std::string_view::npos &&
         file.find("..") == std::string_view::npos;
}

std::string escaped(std::string_view text, std::string_view also_plain) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos ||
                       also_plain.find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// What a server says, fit for a terminal.
std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 200;
  std::string out(text.substr(0, kMost));
  std::erase_if(out, [](unsigned char c) { return c < ' ' || c >= 0x7F; });
  return out;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool may_pass(long status) { return status == 408 || status == 429 || status >= 500; }

tl::unexpected<Error> refusal(const HttpReply& reply, const hub::ModelName& name,
                              const std::string& endpoint) {
  const std::string_view code = reply.header("x-error-code");
  const std::string said = printable(reply.header("x-error-message"));
  const auto because = [&](std::string_view what) {
    return fmt::format("{} answered {}, {}{}{}", endpoint, reply.status, what,
                       said.empty() ? "" : ": ", said);
  };
  if (may_pass(reply.status)) {
    const auto after = number(reply.header("retry-after"));
    const std::string when = after ? fmt::format("in {} seconds", *after) : "later";
    return fail(ErrorCode::overloaded, because("it is busy or broken"),
                fmt::format("Try again {}; what was downloaded is kept.", when));
  }
  if (reply.status == 401) {
    return fail(ErrorCode::not_found,
                because(fmt::format("there is no public model {}", name.repository)),
                "Check the name; a private model needs a token that may read it, in HF_TOKEN.");
  }
  if (reply.status == 403) {
    return fail(ErrorCode::not_found, because(fmt::format("{} may not be read", name.repository)),
                "Ask for access on the model's page, and set HF_TOKEN to a token that has it.");
  }
  if (reply.status == 404 && code == "RevisionNotFound") {
    return fail(ErrorCode::not_found,
                because(fmt::format("{} has no revision {}", name.repository, name.revision)),
                "--revision takes a branch, a tag or a commit.");
  }
  if (reply.status == 404) {
    return fail(ErrorCode::not_found, because(fmt::format("there is no {}", name.repository)),
                "Check the name and the revision: OWNER/NAME as on the model's page.");
  }
  return fail(ErrorCode::io, because("which is no answer to a download"));
}

// Makes a request until it succeeds or there is no use in another attempt.
template <class Request>
Result<HttpReply> patiently(const hub::ModelName& name, const std::string& endpoint,
                            Request&& request, const std::function<std::uint64_t()>& done,
                            int attempts = kAttempts) {
  std::uint64_t had = done();
  for (int attempt = 1;; ++attempt) {
    Result<HttpReply> reply = request();
    if (reply && reply->status < 300) return reply;
    seconds wait(1 << std::min(attempt - 1, 4));
    bool again = false;
    if (reply) {
      again = may_pass(reply->status);
      if (const auto said = number(reply->header("retry-after"))) {
        again = again && *said <= static_cast<std::uint64_t>(kLongestWait.count());
        if (again) wait = seconds(*said);
      }
      reply = refusal(*reply, name, endpoint);
    } else {
      again =
          reply.error().code == ErrorCode::io || reply.error().code == ErrorCode::deadline_exceeded;
    }
    if (done() > had) attempt = 1;
    had = done();
    if (!again || attempt >= attempts) return reply;
    std::this_thread::sleep_for(wait);
  }
}

std::uint64_t nothing_done() { return 0; }

}  // namespace

Result<Repository> Repository::open(HttpClient client, std::string endpoint, hub::ModelName name) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  Repository opened(std::move(client), std::move(endpoint), std::move(name));
  const std::string address =
      fmt::format("{}/api/models/{}/revision/{}", opened.endpoint_,
                  escaped(opened.name_.repository, "/"), escaped(opened.name_.revision, ""));
  PODIUM_TRY(const HttpReply reply,
             patiently(
                 opened.name_, opened.endpoint_, [&] { return opened.client_.get(address); },
                 nothing_done, kFirstAttempts));
  PODIUM_TRY(const auto listing, json::Document::parse(reply.body, address));
  const auto commit = listing.root().find("sha");
  opened.commit_ = commit ? commit->as_string().value_or("") : "";
  if (!hub::is_commit(opened.commit_)) {
    return fail(ErrorCode::malformed, fmt::format("{} names no commit", address),
                "HF_ENDPOINT must be the address of a server that speaks the Hub's API.");
  }
  if (const auto files = listing.root().find("siblings")) {
    files->for_each_element([&](json::Value file) {
      const auto path = file.find("rfilename");
      if (path && path->as_string()) opened.files_.emplace_back(*path->as_string());
      return true;
    });
  }
  return opened;
}

bool Repository::has(std::string_view file) const {
  return std::ranges::find(files_, file) != files_.end();
}

Result<std::vector<std::string>> Repository::wanted() const {
  const auto lacks = [this](std::string_view what, std::string hint) {
    return fail(ErrorCode::unsupported, fmt::format("{} has no {}", name_.repository, what),
                std::move(hint));
  };
  if (!has("config.json"))
    return lacks("config.json", "Is it a model of the transformers library?");
  if (!has("tokenizer.json")) {
    return lacks("tokenizer.json",
                 "Some models have it in another revision; transformers makes one: "
                 "AutoTokenizer.from_pretrained(NAME).save_pretrained(DIR).");
  }
  if (!has(kWeights) && !has(kIndex)) {
    return lacks(
        "model.safetensors, and Podium reads no other weights",
        "Pickles (.bin, .pt) can run code when they are read. Look under \"refs/pr\" on the "
        "model's page: --revision refs/pr/N may have safetensors.");
  }
  std::vector<std::string> wanted;
  for (const std::string_view file : kFiles) {
    if (has(file)) wanted.emplace_back(file);
  }
  std::ranges::copy_if(files_, std::back_inserter(wanted), is_module_config);
  wanted.emplace_back(has(kWeights) ? kWeights : kIndex);
  return wanted;
}

Result<std::vector<std::string>> Repository::shards(std::string_view index) const {
  PODIUM_TRY(const auto document, json::Document::parse(index, kIndex));
  std::set<std::string> names;
  const auto map = document.root().find("weight_map");
  if (map) {
    map->for_each_member([&](std::string_view, json::Value file) {
      return names.emplace(file.as_string().value_or("")), true;
    });
  }
  for (const std::string& name : names) {
    if (name.ends_with(".safetensors") && name.find_first_of("/\\") == std::string::npos &&
        has(name)) {
      continue;
    }
    return fail(ErrorCode::malformed, fmt::format("{} of {} names weights \"{}\" that it has not",
                                                  kIndex, name_.repository, printable(name)));
  }
  if (!names.empty()) return std::vector<std::string>(names.begin(), names.end());
  return fail(ErrorCode::malformed,
              fmt::format("{} of {} names no weights", kIndex, name_.repository));
}

std::string Repository::url(std::string_view file) const {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint_, escaped(name_.repository, "/"), commit_,
                     escaped(file, "/"));
}

Result<FileFacts> Repository::facts(const std::string& file) {
  PODIUM_TRY(const HttpReply reply, patiently(
                                        name_, endpoint_,
                                        [&]() -> Result<HttpReply> {
                                          PODIUM_TRY(HttpReply head, client_.head(url(file)));
                                          const bool linked = !head.header("x-linked-etag").empty();
                                          if (linked && head.status < 400)
                                            head.status = 200;  // a link to the bytes
                                          return head;
                                        },
                                        nothing_done));
  const bool linked = !reply.header("x-linked-etag").empty();
  std::string_view etag = reply.header(linked ? "x-linked-etag" : "etag");
  const auto linked_size = number(reply.header("x-linked-size"));
  const auto size = linked_size ? linked_size : number(reply.header("content-length"));
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.starts_with('"')) etag = etag.substr(1, etag.size() - 2);
  const bool plain = !etag.empty() && etag.size() <= 128 && etag[0] != '.' &&
                     etag.find_first_not_of(
                         "0123456789abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._") == std::string_view::npos;
  if (plain && size && *size <= kLargestFile) return FileFacts{file, std::string(etag), *size};
  return fail(
      ErrorCode::malformed,
      fmt::format("{} gives no {} for {}", endpoint_, size ? "usable etag" : "length", file),
      "HF_ENDPOINT must be the address of a server that speaks the Hub's API.");
}

Result<void> Repository::fetch(const FileFacts& file, const std::function<std::uint64_t()>& first,
                               const Sink& sink) {
  std::optional<Error> refused;  // by the sink: another attempt would end the same way
  const Sink guarded = [&](const HttpReply& head, std::string_view bytes) -> Result<void> {
    auto taken = sink(head, bytes);
    if (taken) return taken;
    refused = std::move(taken).error();
    return fail(ErrorCode::cancelled, "");
  };
  auto done = patiently(
      name_, endpoint_, [&] { return client_.get(url(file.name), first(), guarded); }, first);
  if (refused) return tl::unexpected(*std::move(refused));
  if (!done) return tl::unexpected(std::move(done).error());
  return {};
}

}  // namespace podium::download
