#include "eval/report.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace podium::eval {

namespace {

// Sets that together weigh `weight`, each the same.
struct Weighted {
  std::vector<const SetResult*> sets;
  double weight = 1;
};

Means means_of(std::span<const Weighted> parts, std::uint64_t seed) {
  Means means;
  for (std::size_t metric = 0; metric < means.size(); ++metric) {
    std::vector<Stratum> strata;
    for (const Weighted& part : parts) {
      for (const SetResult* set : part.sets) {
        Stratum& stratum = strata.emplace_back();
        stratum.weight = part.weight / static_cast<double>(part.sets.size());
        for (const Metrics& metrics : set->metrics) stratum.values.push_back(metrics[metric]);
      }
    }
    means[metric] = bootstrap(strata, seed);
  }
  return means;
}

void write_means(json::Writer& out, const Means& means) {
  out.begin_object();
  for (std::size_t metric = 0; metric < means.size(); ++metric) {
    out.key(kMetricNames[metric])
        .begin_object()
        .key("mean")
        .value(means[metric].mean)
        .key("low")
        .value(means[metric].low)
        .key("high")
        .value(means[metric].high)
        .end_object();
  }
  out.end_object();
}

void write_set(json::Writer& out, const SetResult& set, const Means& means) {
  out.begin_object()
      .key("name")
      .value(set.name)
      .key("queries")
      .value(set.metrics.size())
      .key("left_out")
      .value(set.left_out)
      .key("documents")
      .value(set.documents)
      .key("candidates")
      .value(set.candidates)
      .key("truncated")
      .value(set.truncated)
      .key("work")
      .value(set.work)
      .key("metrics");
  write_means(out, means);
  out.key("by_query").begin_array();
  for (const Metrics& metrics : set.metrics) {
    out.begin_array();
    for (const double value : metrics) out.value(value);
    out.end_array();
  }
  out.end_array().end_object();
}

void write_group(json::Writer& out, const GroupResult& group) {
  out.begin_object().key("name").value(group.name).key("sets").begin_array();
  for (const std::string& set : group.sets) out.value(set);
  out.end_array().key("work").value(group.work).key("metrics");
  write_means(out, group.means);
  out.end_object();
}

}  // namespace

Report summarise(std::string scorer, std::string effort, const SampleSize& size,
                 std::vector<SetResult> sets, std::span<const Group> groups) {
  Report report{std::move(scorer), std::move(effort), size, std::move(sets), {}, {}, std::nullopt};
  for (const SetResult& set : report.sets) {
    report.set_means.push_back(means_of(std::vector{Weighted{{&set}, 1}}, size.seed));
  }
  std::vector<Weighted> parts;
  for (const Group& group : groups) {
    Weighted part;
    GroupResult result{group.name, {}, {}, 0};
    for (const std::string& name : group.sets) {
      const auto set = std::ranges::find(report.sets, name, &SetResult::name);
      if (set == report.sets.end()) continue;
      part.sets.push_back(&*set);
      result.sets.push_back(name);
    }
    if (part.sets.empty()) continue;
    for (const SetResult* set : part.sets) {
      result.work += set->work / static_cast<double>(part.sets.size());
    }
    result.means = means_of({&part, 1}, size.seed);
    report.groups.push_back(std::move(result));
    parts.push_back(std::move(part));
  }
  for (Weighted& part : parts) part.weight = 1.0 / static_cast<double>(parts.size());
  if (parts.size() > 1) report.all = means_of(parts, size.seed);
  return report;
}

std::string report_json(const Report& report) {
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .key("scorer")
      .value(report.scorer)
      .key("effort")
      .value(report.effort)
      .key("seed")
      .value(report.size.seed)
      .key("queries")
      .value(report.size.queries)
      .key("depth")
      .value(report.size.depth)
      .key("resamples")
      .value(kResamples)
      .key("sets")
      .begin_array();
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    write_set(out, report.sets[i], report.set_means[i]);
  }
  out.end_array().key("groups").begin_array();
  for (const GroupResult& group : report.groups) write_group(out, group);
  out.end_array().key("all");
  if (report.all) {
    write_means(out, *report.all);
  } else {
    out.null();
  }
  out.end_object();
  return text + "\n";
}

std::vector<SetResult> read_sets(std::string_view line, std::string_view scorer,
                                 std::string_view effort, const SampleSize& size) {
  std::vector<SetResult> sets;
  const auto document = json::Document::parse(std::string(line), "");
  if (!document) return sets;
  const json::Value root = document->root();
  const auto text = [](const json::Value& from, std::string_view key) {
    const auto member = from.find(key);
    return member ? member->as_string().value_or("") : std::string_view();
  };
  const auto number = [](const json::Value& from, std::string_view key) {
    const auto member = from.find(key);
    return member ? member->as_double().value_or(-1) : -1.0;
  };
  const auto count = [&](const json::Value& from, std::string_view key) {
    return static_cast<std::size_t>(std::max(0.0, number(from, key)));
  };
  const bool same = text(root, "scorer") == scorer && text(root, "effort") == effort &&
                    count(root, "seed") == size.seed && count(root, "queries") == size.queries &&
                    count(root, "depth") == size.depth;
  const auto found = root.find("sets");
  if (!same || !found) return sets;
  found->for_each_element([&](json::Value one) {
    SetResult set{std::string(text(one, "name")),
                  count(one, "left_out"),
                  count(one, "documents"),
                  count(one, "candidates"),
                  count(one, "truncated"),
                  {},
                  number(one, "work")};
    if (const auto queries = one.find("by_query")) {
      queries->for_each_element([&](json::Value values) {
        std::size_t metric = 0;
        Metrics& metrics = set.metrics.emplace_back();
        values.for_each_element([&](json::Value value) {
          if (metric < metrics.size()) metrics[metric++] = value.as_double().value_or(0);
          return true;
        });
        return true;
      });
    }
    if (!set.metrics.empty()) sets.push_back(std::move(set));
    return true;
  });
  return sets;
}

}  // namespace podium::eval
