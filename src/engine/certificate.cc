#include "engine/certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/mapped_file.h"
#include "engine/parity_pairs.h"
#include "hub/cache_folder.h"

namespace podium {

namespace {

// Of relevance scores. Documents that fp32 itself separates by less than kOrderGap may change
// places: so close, either order is as good.
constexpr double kMeanBound = 0.01;
constexpr double kWorstBound = 0.05;
constexpr double kOrderGap = 0.02;

constexpr std::string_view kGranted = "granted ";
constexpr std::string_view kRefused = "refused ";

// By document, in input order.
Result<std::vector<double>> scores(const Engine& engine, const ParityGroup& group) {
  PODIUM_TRY(const Ranking ranking, engine.rank(group.query, group.documents));
  std::vector<double> values(group.documents.size());
  for (const RankedDocument& document : ranking.results) {
    values[document.index] = document.relevance_score;
  }
  return values;
}

int swapped(const std::vector<double>& fast, const std::vector<double>& exact) {
  int count = 0;
  for (std::size_t a = 0; a < exact.size(); ++a) {
    for (std::size_t b = 0; b < exact.size(); ++b) {
      count += exact[a] - exact[b] > kOrderGap && fast[a] <= fast[b] ? 1 : 0;
    }
  }
  return count;
}

std::string file_name(std::uint64_t key) { return fmt::format("{:016x}.certificate", key); }

}  // namespace

Result<Certificate> examine(const Engine& fast, const Engine& exact) {
  int pairs = 0;
  int out_of_order = 0;
  double sum = 0;
  double worst = 0;
  for (const ParityGroup& group : kParityGroups) {
    PODIUM_TRY(const std::vector<double> ours, scores(fast, group));
    PODIUM_TRY(const std::vector<double> theirs, scores(exact, group));
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const double difference = std::abs(ours[i] - theirs[i]);
      sum += difference;
      // A score that is no number must not pass.
      worst = difference <= worst ? worst : difference;
    }
    out_of_order += swapped(ours, theirs);
    pairs += static_cast<int>(ours.size());
  }
  const double mean = sum / pairs;
  Certificate certificate;
  certificate.granted = out_of_order == 0 && mean <= kMeanBound && worst <= kWorstBound;
  certificate.text = fmt::format(
      "{} against fp32 on {} pairs in {} languages; out of order by more than {}: {}; scores "
      "differ "
      "by {:.4f} in the mean, bound {}, and by {:.4f} at most, bound {}",
      fast.info().precision, pairs, kParityGroups.size(), kOrderGap,
      out_of_order == 0 ? "none" : std::to_string(out_of_order), mean, kMeanBound, worst,
      kWorstBound);
  return certificate;
}

std::optional<Certificate> kept_certificate(std::uint64_t key) {
  const auto folder = hub::cache_folder();
  if (!folder) return std::nullopt;
  const auto file = MappedFile::open(*folder / file_name(key));
  if (!file) return std::nullopt;
  const std::string_view text = file->text();
  const bool granted = text.starts_with(kGranted);
  if (!granted && !text.starts_with(kRefused)) return std::nullopt;
  return Certificate{granted, std::string(text.substr(kGranted.size()))};
}

void keep_certificate(std::uint64_t key, const Certificate& certificate) {
  const std::string text =
      fmt::format("{}{}", certificate.granted ? kGranted : kRefused, certificate.text);
  const std::span<const std::byte> part = std::as_bytes(std::span(text));
  hub::write_cache_file(file_name(key), {&part, 1});
}

}  // namespace podium
