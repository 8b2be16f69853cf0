// "BertNormalizer": cleans, puts spaces around Chinese characters, strips accents, lowers case.
#include "base/utf8.h"
#include "text/normal_forms.h"
#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

struct BertOptions {
  bool clean_text;
  bool handle_chinese_chars;
  bool strip_accents;
  bool lowercase;
};

// The blocks that BERT calls Chinese. The gap at U+2B820 is Hugging Face's.
bool is_chinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(BertOptions options) : options_(options) {}

  void apply(MappedText& text, MappedText& spare) const override {
    if (options_.clean_text) rewrite_characters(text, spare, clean);
    if (options_.handle_chinese_chars) rewrite_characters(text, spare, set_apart);
    if (options_.strip_accents) {
      normalize(NormalForm::nfd, text, spare);
      rewrite_characters(
          text, spare, [](char32_t c, std::string&) { return c >= 0x80 && is_nonspacing_mark(c); });
    }
    if (options_.lowercase) lowercase(text, spare);
  }

 private:
  static bool clean(char32_t c, std::string& replacement) {
    if (c >= ' ' && c < 0x7F) return false;
    if (c == '\t' || c == '\n' || c == '\r') {
      replacement = ' ';
      return true;
    }
    if (c == 0xFFFD || is_control(c)) return true;
    if (!is_whitespace(c)) return false;
    replacement = ' ';
    return true;
  }

  static bool set_apart(char32_t c, std::string& replacement) {
    if (!is_chinese(c)) return false;
    replacement = ' ';
    utf8::append(replacement, c);
    replacement += ' ';
    return true;
  }

  BertOptions options_;
};

}  // namespace

Result<std::unique_ptr<Normalizer>> make_bert_normalizer(const Spec& spec) {
  BertOptions options;
  PODIUM_TRY(options.clean_text, spec.boolean_or("clean_text", true));
  PODIUM_TRY(options.handle_chinese_chars, spec.boolean_or("handle_chinese_chars", true));
  PODIUM_TRY(options.lowercase, spec.boolean_or("lowercase", true));
  PODIUM_TRY(options.strip_accents, spec.boolean_or("strip_accents", options.lowercase));
  return std::make_unique<BertNormalizer>(options);
}

}  // namespace podium::text
