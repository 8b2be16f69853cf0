// Normalizers that are one rule for every character: normal forms, "Lowercase", "StripAccents",
// "Nmt".
#include "text/normal_forms.h"
#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

class Normalization final : public Normalizer {
 public:
  explicit Normalization(NormalForm form) : form_(form) {}
  void apply(MappedText& text, MappedText& spare) const override { normalize(form_, text, spare); }

 private:
  NormalForm form_;
};

class Lowercase final : public Normalizer {
 public:
  void apply(MappedText& text, MappedText& spare) const override { lowercase(text, spare); }
};

class StripAccents final : public Normalizer {
 public:
  void apply(MappedText& text, MappedText& spare) const override {
    rewrite_characters(text, spare,
                       [](char32_t c, std::string&) { return c >= 0x80 && is_mark(c); });
  }
};

// sentencepiece's rules for machine translation, without NFKC.
class Nmt final : public Normalizer {
 public:
  void apply(MappedText& text, MappedText& spare) const override {
    rewrite_characters(text, spare, [](char32_t c, std::string& replacement) {
      if (is_dropped(c)) return true;
      if (!is_space(c)) return false;
      replacement = ' ';
      return true;
    });
  }

 private:
  static bool is_dropped(char32_t c) {
    return (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F ||
           c == 0x9F;
  }
  static bool is_space(char32_t c) {
    return c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 ||
           (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
           c == 0xFEFF || c == 0xFFFD;
  }
};

template <NormalForm form>
Result<std::unique_ptr<Normalizer>> make_form() {
  return std::make_unique<Normalization>(form);
}

}  // namespace

Result<std::unique_ptr<Normalizer>> make_nfc(const Spec&) { return make_form<NormalForm::nfc>(); }
Result<std::unique_ptr<Normalizer>> make_nfd(const Spec&) { return make_form<NormalForm::nfd>(); }
Result<std::unique_ptr<Normalizer>> make_nfkc(const Spec&) { return make_form<NormalForm::nfkc>(); }
Result<std::unique_ptr<Normalizer>> make_nfkd(const Spec&) { return make_form<NormalForm::nfkd>(); }

Result<std::unique_ptr<Normalizer>> make_lowercase(const Spec&) {
  return std::make_unique<Lowercase>();
}

Result<std::unique_ptr<Normalizer>> make_strip_accents(const Spec&) {
  return std::make_unique<StripAccents>();
}

Result<std::unique_ptr<Normalizer>> make_nmt(const Spec&) { return std::make_unique<Nmt>(); }

}  // namespace podium::text
