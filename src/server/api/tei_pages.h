// Text Embeddings Inference's pages about the model.
#pragma once

#include "server/api/dialect.h"

namespace podium::server {

Parsed<HttpResponse> tei_info(const HttpRequest& request, const json::Value& body,
                              const Models& models);
Parsed<HttpResponse> tei_tokenize(const HttpRequest& request, const json::Value& body,
                                  const Models& models);
Parsed<HttpResponse> tei_embed(const HttpRequest& request, const json::Value& body,
                               const Models& models);

// A page's model: the one the body's "model" names, or why there is none.
Parsed<std::shared_ptr<const ServedModel>> page_model(const json::Value& body,
                                                      const Models& models);

// The texts of `key`: a string or an array of strings.
Parsed<std::vector<std::string>> page_texts(const HttpRequest& request, const json::Value& body,
                                            std::string_view key);

// The vectors of texts, or the engine's error as a fault.
Parsed<std::vector<float>> page_vectors(const ServedModel& model,
                                        const std::vector<std::string>& texts, bool query);

}  // namespace podium::server
