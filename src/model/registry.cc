#include "model/architectures.h"

namespace podium::model {

namespace {

// One line per architecture; the first that matches is taken.
constexpr Architecture kArchitectures[] = {
    {"xlm-roberta-flash", "jina-reranker-v2-base-multilingual", matches_xlm_roberta_flash,
     load_xlm_roberta_flash},
    {"roberta",
     "bge-reranker-base/large/v2-m3, mmarco-mMiniLMv2, bce-reranker, also xlm-roberta and "
     "camembert",
     matches_roberta, load_roberta},
    {"jina-bert", "jina-reranker-v1-turbo-en/tiny-en", matches_jina_bert, load_jina_bert},
    {"late-interaction", "Podium's own model", matches_late_interaction, load_late_interaction},
    {"bert", "ms-marco-MiniLM, multilingual-e5-small", matches_bert, load_bert},
    {"deberta", "mxbai-rerank-xsmall/base/large-v1", matches_deberta, load_deberta},
    {"distilbert", "distilbert cross-encoders", matches_distilbert, load_distilbert},
    {"electra", "ms-marco-electra-base", matches_electra, load_electra},
    {"gte", "gte-multilingual-reranker-base", matches_gte, load_gte},
    {"modernbert", "gte-reranker-modernbert-base, granite-embedding-reranker-english-r2",
     matches_modernbert, load_modernbert},
    {"mpnet", "all-mpnet-base-v2", matches_mpnet, load_mpnet},
    {"jina-listwise", "jina-reranker-v3", matches_jina_listwise, load_jina_listwise},
    {"qwen", "Qwen3-Reranker-0.6B/4B/8B, mxbai-rerank-base/large-v2", matches_qwen_reranker,
     load_qwen_reranker},
};

std::string found(const hub::ModelConfig& config) {
  std::string text =
      config.model_type.empty() ? "no model_type" : "model_type '" + config.model_type + "'";
  if (!config.architectures.empty()) text += ", architecture '" + config.architectures[0] + "'";
  return text;
}

}  // namespace

Result<std::unique_ptr<Model>> load_model(const LoadContext& context) {
  std::string known;
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.matches(context.checkpoint, context.config)) return architecture.load(context);
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", architecture.name,
                         architecture.examples);
  }
  return fail(ErrorCode::unsupported,
              fmt::format("{} is of no architecture that Podium knows: {}",
                          context.checkpoint.name(), found(context.config)),
              fmt::format("Known: {}.", known));
}

}  // namespace podium::model
