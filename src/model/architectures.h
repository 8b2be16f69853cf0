// The architectures, one file each; registry.cc puts them in a table.
#pragma once

#include <string>

#include "model/model.h"
#include "model/post_norm_encoder.h"

namespace podium::model {

bool matches_bert(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_bert(const LoadContext& context);

bool matches_deberta(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_deberta(const LoadContext& context);

bool matches_distilbert(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_distilbert(const LoadContext& context);

bool matches_electra(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_electra(const LoadContext& context);

bool matches_gte(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_gte(const LoadContext& context);

bool matches_jina_bert(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_jina_bert(const LoadContext& context);

bool matches_jina_listwise(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_jina_listwise(const LoadContext& context);

bool matches_late_interaction(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_late_interaction(const LoadContext& context);

bool matches_modernbert(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_modernbert(const LoadContext& context);

bool matches_mpnet(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_mpnet(const LoadContext& context);

bool matches_qwen_reranker(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_qwen_reranker(const LoadContext& context);

bool matches_roberta(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_roberta(const LoadContext& context);

bool matches_xlm_roberta_flash(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
Result<std::unique_ptr<Model>> load_xlm_roberta_flash(const LoadContext& context);

// Names and positions that several architectures share.
EncoderNames hugging_face_names(const std::string& prefix);
Positions roberta_positions(const hub::ModelConfig& config);

}  // namespace podium::model
