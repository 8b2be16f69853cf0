// The tokens whose states stand for a document and for the query in jina-reranker-v3's contexts.
#pragma once

#include <string_view>

namespace podium::model {

inline constexpr std::string_view kDocumentMark = "<|embed_token|>";
inline constexpr std::string_view kQueryMark = "<|rerank_token|>";

}  // namespace podium::model
