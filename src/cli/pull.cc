// podium pull: a model from the Hub into the cache, where --model finds it.
#include "download/pull.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace podium::cli {

namespace {

constexpr const char* kNotes =
    "Only what Podium reads is downloaded: configuration, tokenizer, safetensors. The\n"
    "cache is the one of Hugging Face's own tools: what either downloads, both find.\n"
    "An interrupted download goes on where it stopped. Variables: HF_TOKEN for a\n"
    "model that is not public, HF_ENDPOINT for another server, HF_HUB_CACHE or\n"
    "HF_HOME for another folder, HTTPS_PROXY, SSL_CERT_FILE. The model's directory\n"
    "is printed.\n";

}  // namespace

Result<int> run_pull(const Command& self, std::span<const char* const> arguments) {
  std::string model;
  std::string revision;
  Options options(self, kNotes, "podium pull cross-encoder/ms-marco-MiniLM-L6-v2");
  options.add_option("MODEL", model, "OWNER/NAME, as on the model's page");
  options.add_option("--revision", revision, "a branch, tag or commit (default: main)")
      ->type_name("REVISION");
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  if (model.empty()) {
    return fail(ErrorCode::invalid_argument, "no model is named", "podium pull OWNER/NAME");
  }
  PODIUM_TRY(download::PullOptions pull, download::options_from_environment());
  pull.model = model;
  pull.revision = revision;
  download::Pulled pulled;
  {
    Progress progress("downloading", Progress::Unit::bytes);
    pull.progress = [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); };
    PODIUM_TRY(pulled, download::pull(pull));
  }
  const std::string name = revision.empty() ? model : model + "@" + revision;
  fmt::print(stderr,
             "podium: {} files, {} ({} downloaded), commit {}\n"
             "try it: podium rank --model {} --query TEXT FILE\n",
             pulled.files, bytes_text(pulled.bytes), bytes_text(pulled.fetched), pulled.commit,
             name);
  Output out;
  out << pulled.snapshot.string() << "\n";
  return out.finish();
}

}  // namespace podium::cli
