#include "text/registry.h"

#include <array>
#include <string>

namespace podium::text {

namespace {

template <class Make>
struct Entry {
  std::string_view type;
  Make* make;
};

constexpr auto kNormalizers =
    std::to_array<Entry<Result<std::unique_ptr<Normalizer>>(const Spec&)>>({
        {"BertNormalizer", make_bert_normalizer},
        {"Lowercase", make_lowercase},
        {"NFC", make_nfc},
        {"NFD", make_nfd},
        {"NFKC", make_nfkc},
        {"NFKD", make_nfkd},
        {"Nmt", make_nmt},
        {"Precompiled", make_precompiled},
        {"Prepend", make_prepend},
        {"Replace", make_replace},
        {"Sequence", make_normalizer_sequence},
        {"Strip", make_strip},
        {"StripAccents", make_strip_accents},
    });

constexpr auto kPreTokenizers =
    std::to_array<Entry<Result<std::unique_ptr<PreTokenizer>>(const Spec&)>>({
        {"BertPreTokenizer", make_bert_pre_tokenizer},
        {"ByteLevel", make_byte_level},
        {"Digits", make_digits},
        {"Metaspace", make_metaspace},
        {"Punctuation", make_punctuation},
        {"Sequence", make_pre_tokenizer_sequence},
        {"Split", make_split},
        {"Whitespace", make_whitespace},
        {"WhitespaceSplit", make_whitespace_split},
    });

constexpr auto kModels =
    std::to_array<Entry<Result<std::unique_ptr<Model>>(const Spec&, HiddenPieces)>>({
        {"BPE", make_bpe},
        {"Unigram", make_unigram},
        {"WordPiece", make_wordpiece},
    });

constexpr auto kPostProcessors = std::to_array<Entry<Result<Template>(const Spec&)>>({
    {"BertProcessing", make_bert_processing},
    {"ByteLevel", make_byte_level_processing},
    {"RobertaProcessing", make_roberta_processing},
    {"Sequence", make_processing_sequence},
    {"TemplateProcessing", make_template_processing},
});

template <class Table, class... Arguments>
auto make(const Table& table, std::string_view type, const Spec& spec, Arguments... arguments)
    -> decltype(table[0].make(spec, arguments...)) {
  std::string known;
  for (const auto& entry : table) {
    if (entry.type == type) return entry.make(spec, arguments...);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.type);
  }
  return fail(
      ErrorCode::unsupported,
      fmt::format("tokenizer.json: {} is a \"{}\", which Podium does not know", spec.name(), type),
      fmt::format("Known there: {}.", known));
}

// Files older than tokenizers 0.8 leave out the type of the model.
Result<std::string_view> model_type(const Spec& spec) {
  if (spec.find("type")) return spec.string("type");
  if (spec.find("merges")) return "BPE";
  const auto vocab = spec.find("vocab");
  return vocab && vocab->is_array() ? "Unigram" : "WordPiece";
}

}  // namespace

Result<std::unique_ptr<Normalizer>> make_normalizer(const Spec& spec) {
  PODIUM_TRY(const std::string_view type, spec.string("type"));
  return make(kNormalizers, type, spec);
}

Result<std::unique_ptr<PreTokenizer>> make_pre_tokenizer(const Spec& spec) {
  PODIUM_TRY(const std::string_view type, spec.string("type"));
  return make(kPreTokenizers, type, spec);
}

Result<std::unique_ptr<Model>> make_model(const Spec& spec, HiddenPieces hidden) {
  PODIUM_TRY(const std::string_view type, model_type(spec));
  return make(kModels, type, spec, hidden);
}

Result<Template> make_template(const Spec& spec) {
  PODIUM_TRY(const std::string_view type, spec.string("type"));
  return make(kPostProcessors, type, spec);
}

}  // namespace podium::text
