// Logits against PyTorch for every architecture and storage type, with every set of kernels that
// this machine has; and the promise that a score depends on nothing but its own pair.
#include "model/golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

namespace podium::model {
namespace {

// Measured: 2e-6 on logits of up to 10. The bound leaves room for other CPUs' instruction sets.
constexpr float kLogitBound = 2e-5F;

std::vector<std::size_t> everyone(const GoldenCase& golden) {
  std::vector<std::size_t> members(golden.ids.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  return members;
}

class Golden : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Tiny, Golden,
                         testing::Values("tiny-xlmr", "tiny-xlmr-f16", "tiny-xlmr-bf16-sharded",
                                         "tiny-jina-flash", "tiny-bert", "tiny-roberta",
                                         "tiny-electra", "tiny-electra-small", "tiny-distilbert",
                                         "tiny-mpnet", "tiny-deberta", "tiny-deberta-unshared",
                                         "tiny-jina-v1", "tiny-gte", "tiny-modernbert"));

TEST_P(Golden, LogitsEqualPyTorch) {
  for (const kernels::Candidate& set : kernels::candidates()) {
    if (!set.available) continue;
    Loaded loaded(data(GetParam()), *set.kernels, 2);
    for (const GoldenCase& golden : golden_cases(GetParam())) {
      const auto logits = loaded.logits(golden.pack(everyone(golden)));
      for (std::size_t i = 0; i < logits.size(); ++i) {
        ASSERT_NEAR(logits[i], golden.logits[i], kLogitBound)
            << GetParam() << " " << set.kernels->name << " document " << i;
      }
    }
  }
}

TEST_P(Golden, AScoreDependsOnNothingButItsPair) {
  std::mt19937 random(11);
  Loaded one(data(GetParam()), **kernels::choose(), 1);
  Loaded many(data(GetParam()), **kernels::choose(), 5);
  const GoldenCase golden = golden_cases(GetParam()).front();
  std::vector<float> alone;
  for (const std::size_t i : everyone(golden)) alone.push_back(one.logits(golden.pack({i}))[0]);
  for (int round = 0; round < 20; ++round) {
    auto members = everyone(golden);
    std::shuffle(members.begin(), members.end(), random);
    members.resize(1 + random() % members.size());
    for (Loaded* loaded : {&one, &many}) {
      const auto logits = loaded->logits(golden.pack(members));
      for (std::size_t i = 0; i < members.size(); ++i) {
        ASSERT_EQ(std::memcmp(&logits[i], &alone[members[i]], sizeof(float)), 0)
            << "document " << members[i] << " among " << members.size();
      }
    }
  }
}

// What fast precisions may be off by on the tiny models, whose logits reach 10: several times what
// was measured. The certificate decides whether a real model may use them.
TEST_P(Golden, FastPrecisionsAreNearAndDependOnNothingButThePair) {
  const kernels::Kernels& kernels = **kernels::choose();
  for (const auto& [precision, bound] :
       {std::pair(kernels::Precision::bf16, 0.2F), std::pair(kernels::Precision::int8, 1.0F)}) {
    if (precision == kernels::Precision::int8 && kernels.gemm_s8 == nullptr) continue;
    Loaded one(data(GetParam()), kernels, 1, precision);
    Loaded many(data(GetParam()), kernels, 3, precision);
    for (const GoldenCase& golden : golden_cases(GetParam())) {
      const auto together = many.logits(golden.pack(everyone(golden)));
      for (const std::size_t i : everyone(golden)) {
        const auto alone = one.logits(golden.pack({i}));
        ASSERT_EQ(std::memcmp(&together[i], alone.data(), sizeof(float)), 0) << i;
        ASSERT_NEAR(together[i], golden.logits[i], bound) << to_string(precision) << " " << i;
      }
    }
  }
}

TEST(Description, CountsTheParametersOfTheTensorsRead) {
  Loaded loaded(data("tiny-jina-flash"), kernels::portable(), 1);
  std::uint64_t stored = 0;
  for (const hub::TensorView& tensor : loaded.checkpoint.tensors()) stored += tensor.elements();
  EXPECT_EQ(loaded.model->description().parameters, stored);
  EXPECT_EQ(loaded.model->description().architecture, "xlm-roberta-flash");
  EXPECT_EQ(loaded.model->description().weights, "bf16");
}

// The same weights under both namings are the same model. The goldens of shared/reference come from
// an implementation of its own.
TEST(Reference, SharedCheckpointsGiveTheirLogits) {
  const auto shared = std::filesystem::path(PODIUM_SOURCE_DIR) / "../shared/reference";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << "shared/reference is not here";
  for (const char* name : {"tiny-jina-v2-current", "tiny-jina-v2-legacy"}) {
    Loaded loaded(shared / name, **kernels::choose(), 2);
    const json::Document golden = read_json(shared / name / "golden.json");
    const auto logits = numbers<float>(*golden.root().find("logits_1024"));
    batch::PackedBatch batch;
    golden.root().find("pair_ids_1024")->for_each_element([&](json::Value row) {
      const auto ids = numbers<std::int32_t>(row);
      batch.add(ids, std::vector<std::uint8_t>(ids.size()));
      return true;
    });
    loaded.workspace = loaded.model->make_workspace(batch.tokens(), 1024, 2);
    const auto ours = loaded.logits(batch);
    ASSERT_EQ(ours.size(), logits.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      ASSERT_NEAR(ours[i], logits[i], kLogitBound * (1 + std::abs(logits[i]))) << name << " " << i;
    }
  }
}

}  // namespace
}  // namespace podium::model
