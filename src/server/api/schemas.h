// JSON Schema text that several dialects share, for OpenAPI 3.1.
#pragma once

#include <string_view>

namespace podium::server::schema {

inline constexpr std::string_view kAny = R"({"type":"object"})";

inline constexpr std::string_view kJinaRequest =
    R"({"type":"object","required":["query","documents"],"properties":{)"
    R"("model":{"type":["string","null"],"description":"A served model; unknown names rank with the default."},)"
    R"("query":{"type":"string","minLength":1},)"
    R"("documents":{"type":"array","minItems":1,"items":{"anyOf":[{"type":"string"},)"
    R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}]}},)"
    R"("top_n":{"type":["integer","null"],"minimum":1},)"
    R"("return_documents":{"type":["boolean","null"],"default":true},)"
    R"("truncation":{"type":["boolean","null"],"default":true},)"
    R"("threshold":{"type":["number","null"],"description":"Leave out results below this score."},)"
    R"("return_passages":{"type":["integer","null"],"minimum":0,"maximum":100,"description":"Best passages of each result."},)"
    R"("window":{"type":["integer","null"],"minimum":1,"description":"Tokens read at once; longer documents are read in windows."},)"
    R"("overlap":{"type":["integer","null"],"minimum":0,"default":80},)"
    R"("aggregation":{"enum":["max","mean","first",null],"default":"max"},)"
    R"("mean_of":{"type":["integer","null"],"minimum":1,"default":3},)"
    R"("window_end":{"enum":["anywhere","line","sentence",null],"default":"anywhere"},)"
    R"("max_windows":{"type":["integer","null"],"minimum":0},)"
    R"("max_tokens_per_doc":{"type":["integer","null"],"minimum":1},)"
    R"("timeout_ms":{"type":["integer","null"],"minimum":1,"maximum":86400000}},)"
    R"("examples":[{"query":"Where is my parcel?","documents":["Track a parcel by its number.","Opening hours"],"top_n":1}]})";

inline constexpr std::string_view kJinaResponse =
    R"({"type":"object","required":["model","object","usage","results"],"properties":{)"
    R"("model":{"type":"string"},"object":{"type":"string"},)"
    R"("usage":{"type":"object","properties":{"total_tokens":{"type":"integer"}}},)"
    R"("results":{"type":"array","items":{"type":"object","required":["index","relevance_score"],)"
    R"("properties":{"index":{"type":"integer"},"relevance_score":{"type":"number"},)"
    R"("document":{"type":["object","string"]},"passages":{"type":"array","items":{"type":"object",)"
    R"("description":"start and end count Unicode code points.","required":["start","end","relevance_score","text"],)"
    R"("properties":{"start":{"type":"integer"},"end":{"type":"integer"},"relevance_score":{"type":"number"},)"
    R"("text":{"type":"string"}}}}}}}}})";

inline constexpr std::string_view kCohereRequest =
    R"({"type":"object","required":["query","documents"],"properties":{)"
    R"("model":{"type":["string","null"]},"query":{"type":"string","minLength":1},)"
    R"("documents":{"type":"array","minItems":1,"items":{"type":["string","object"]}},)"
    R"("top_n":{"type":["integer","null"],"minimum":1},)"
    R"("max_tokens_per_doc":{"type":["integer","null"],"minimum":1},)"
    R"("priority":{"type":["integer","null"],"minimum":0,"maximum":999}}})";

inline constexpr std::string_view kCohereResponse =
    R"({"type":"object","required":["id","results","meta"],"properties":{"id":{"type":"string"},)"
    R"("results":{"type":"array","items":{"type":"object","required":["index","relevance_score"],)"
    R"("properties":{"index":{"type":"integer"},"relevance_score":{"type":"number"},)"
    R"("document":{"type":"object"}}}},"meta":{"type":"object"}}})";

inline constexpr std::string_view kTextsRequest =
    R"({"type":"object","required":["query","texts"],"properties":{"query":{"type":"string","minLength":1},)"
    R"("texts":{"type":"array","minItems":1,"items":{"type":"string"}},)"
    R"("raw_scores":{"type":["boolean","null"],"default":false},)"
    R"("return_text":{"type":["boolean","null"],"default":false},)"
    R"("truncate":{"type":["boolean","null"]}}})";

inline constexpr std::string_view kTextsResponse =
    R"({"type":"array","items":{"type":"object","required":["index","score"],"properties":{)"
    R"("index":{"type":"integer"},"text":{"type":"string"},"score":{"type":"number"}}}})";

inline constexpr std::string_view kDataRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":{"type":["string","null"]},)"
    R"("query":{"type":"string","minLength":1},"documents":{"type":"array","minItems":1,)"
    R"("items":{"type":["string","object"]}},"top_k":{"type":["integer","null"],"minimum":1},)"
    R"("top_n":{"type":["integer","null"],"minimum":1},)"
    R"("return_documents":{"type":["boolean","null"]},"truncation":{"type":["boolean","null"]}}})";

inline constexpr std::string_view kDataResponse =
    R"({"type":"object","required":["data"],"properties":{"data":{"type":"array","items":{)"
    R"("type":"object","required":["index"]}},"model":{"type":"string"},"usage":{"type":"object"}}})";

}  // namespace podium::server::schema
