// What the offsets of byte-level tokens leave out.
#pragma once

#include <string_view>

#include "text/tokenizer.h"

namespace podium::text {

// The part of `text` that a token stands for without the spaces at its ends, as Hugging Face's
// process_offsets has it. keep_single: one space in front stays, since it may be the one that
// add_prefix_space put there.
Offset trim_spaces(std::string_view piece, std::string_view text, Offset offset, bool keep_single);

}  // namespace podium::text
