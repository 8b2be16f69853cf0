// Every part of tokenizer.json that Podium knows; registry.cc is the table.
#pragma once

#include <memory>

#include "text/parts.h"

namespace podium::text {

// Normalizers.
Result<std::unique_ptr<Normalizer>> make_normalizer_sequence(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_bert_normalizer(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_lowercase(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_nfc(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_nfd(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_nfkc(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_nfkd(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_nmt(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_precompiled(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_replace(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_prepend(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_strip(const Spec& spec);
Result<std::unique_ptr<Normalizer>> make_strip_accents(const Spec& spec);

// Pre-tokenizers.
Result<std::unique_ptr<PreTokenizer>> make_pre_tokenizer_sequence(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_bert_pre_tokenizer(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_byte_level(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_digits(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_metaspace(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_punctuation(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_split(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_whitespace(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_whitespace_split(const Spec& spec);

// Models. Text never turns into a hidden piece.
Result<std::unique_ptr<Model>> make_bpe(const Spec& spec, HiddenPieces hidden);
Result<std::unique_ptr<Model>> make_unigram(const Spec& spec, HiddenPieces hidden);
Result<std::unique_ptr<Model>> make_wordpiece(const Spec& spec, HiddenPieces hidden);

// Post-processors.
Result<Template> make_template_processing(const Spec& spec);
Result<Template> make_bert_processing(const Spec& spec);
Result<Template> make_byte_level_processing(const Spec& spec);
Result<Template> make_processing_sequence(const Spec& spec);
Result<Template> make_roberta_processing(const Spec& spec);

}  // namespace podium::text
