// The terms BM25 counts, in any script and without a table of Unicode: short, and the same for
// every model it is compared with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podium::eval {

// A term is a run of characters that are neither white space, punctuation nor symbols (`_` is
// punctuation, so snake_case comes apart), in lower case (Latin, Greek, Cyrillic, Armenian;
// full-width Latin letters and digits become plain). In scripts written without spaces (Han, kana,
// Thai, Lao, Khmer, Myanmar) every two neighbouring characters are a term, and a character that
// stands alone is one. No stemming, no stop words, no Unicode normalization. Bytes that are not
// UTF-8 separate terms.
std::vector<std::string> terms_of(std::string_view text);

}  // namespace podium::eval
