// Unicode normalization forms (UAX 15) and lower case of a mapped text.
#pragma once

#include "text/mapped_text.h"

namespace podium::text {

enum class NormalForm { nfc, nfd, nfkc, nfkd };

// Origins as Hugging Face has them: what a character decomposes into stands for that character, a
// composed character for the first of its parts, and marks that change places do so after their
// origins were given out.
void normalize(NormalForm form, MappedText& text, MappedText& spare);

// Every character by its own full lower case mapping; no context, no language.
void lowercase(MappedText& text, MappedText& spare);

}  // namespace podium::text
