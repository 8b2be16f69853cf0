// JSON Schema text for OpenAPI 3.1. A dialect's schema names the members that it reads; others
// pass.
// "@Query" where a schema is due stands for the component of that name (openapi.cc spells it out).
#pragma once

#include <string_view>

namespace podium::server::schema {

inline constexpr std::string_view kAny = R"({"type":"object"})";
inline constexpr std::string_view kArray = R"({"type":"array"})";

// The document's components/schemas.
inline constexpr std::string_view kComponents = R"json({
"Model":{"type":["string","null"],"description":"A served model; unknown names rank with the default."},
"Query":{"type":"string","pattern":"[^ \\t\\n\\u000b\\f\\r]","description":"What the documents are judged by."},
"Texts":{"type":"array","minItems":1,"items":{"type":"string"}},
"TextOrTexts":{"anyOf":[{"type":"string"},{"type":"array","minItems":1,"items":{"type":"string"}}]},
"QueryOrQueries":{"anyOf":["@Query",{"type":"array","minItems":1,"maxItems":1,"items":"@Query"}]},
"Documents":{"type":"array","minItems":1,"items":{"anyOf":[{"type":"string"},{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}]}},
"Objects":{"type":"array","minItems":1,"items":{"anyOf":[{"type":"string"},{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}},{"type":"object","minProperties":1}]}},
"Fields":{"type":["array","null"],"items":{"type":"string"},"description":"The members of a document to score."},
"Count":{"type":["integer","null"],"minimum":1,"description":"How many results to return; all if left out."},
"CountOrNone":{"type":["integer","null"],"minimum":0},
"Tokens":{"type":["integer","null"],"minimum":1,"description":"Documents longer than that are cut."},
"On":{"type":["boolean","null"],"default":true},
"Off":{"type":["boolean","null"],"default":false},
"Threshold":{"type":["number","null"],"description":"Leave out results below this score."},
"TimeoutMs":{"type":["integer","null"],"minimum":1,"maximum":86400000,"description":"The most the request may take."},
"Usage":{"type":"object","properties":{"total_tokens":{"type":"integer"},"prompt_tokens":{"type":"integer"}}},
"Scores":{"type":"array","items":{"type":"object","required":["index","score"],"properties":{"index":{"type":"integer"},"score":{"type":"number"}}}},
"Results":{"type":"array","items":{"type":"object","required":["index","relevance_score"],"properties":{"index":{"type":"integer"},"relevance_score":{"type":"number"}}}}
})json";

inline constexpr std::string_view kJinaRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Documents","top_n":"@Count","return_documents":"@On","truncation":"@On",)"
    R"("max_doc_length":"@Tokens","threshold":"@Threshold",)"
    R"("effort":{"enum":["auto","full","turbo","tiny",null],"default":"auto","description":"How deep a model with several depths reads."},)"
    R"("return_passages":{"type":["integer","null"],"minimum":0,"maximum":100,"description":"Best passages of each result."},)"
    R"("window":{"type":["integer","null"],"minimum":1,"description":"Tokens read at once; longer documents are read in windows."},)"
    R"("overlap":{"type":["integer","null"],"minimum":0,"default":80},)"
    R"("aggregation":{"enum":["max","mean","first",null],"default":"max"},)"
    R"("mean_of":{"type":["integer","null"],"minimum":1,"default":3},)"
    R"("window_end":{"enum":["anywhere","line","sentence",null],"default":"anywhere"},)"
    R"("max_windows":{"type":["integer","null"],"minimum":0},"max_tokens_per_doc":"@Tokens","timeout_ms":"@TimeoutMs"},)"
    R"("examples":[{"query":"Where is my parcel?","documents":["Track a parcel by its number.","Opening hours"],"top_n":1}]})";
inline constexpr std::string_view kJinaResponse =
    R"({"type":"object","required":["model","object","usage","results"],"properties":{"model":{"type":"string"},)"
    R"("object":{"const":"list"},"usage":"@Usage","results":"@Results"}})";

inline constexpr std::string_view kCohereRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Objects","top_n":"@Count","max_tokens_per_doc":"@Tokens",)"
    R"("priority":{"type":["integer","null"],"minimum":0,"maximum":999}}})";
inline constexpr std::string_view kCohereResponse =
    R"({"type":"object","required":["id","results","meta"],"properties":{"id":{"type":"string"},)"
    R"("results":"@Results","meta":{"type":"object"}}})";
inline constexpr std::string_view kInvokeResponse =
    R"({"type":"object","required":["results"],"properties":{"results":"@Results"}})";

inline constexpr std::string_view kVoyageRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Documents","top_k":"@Count","return_documents":"@Off","truncation":"@On"}})";
inline constexpr std::string_view kVoyageResponse =
    R"({"type":"object","required":["object","data","model","usage"],"properties":{"object":{"const":"list"},)"
    R"("data":"@Results","model":{"type":"string"},"usage":"@Usage"}})";

inline constexpr std::string_view kTextsRequest =
    R"({"type":"object","required":["query","texts"],"properties":{"query":"@Query","texts":"@Texts",)"
    R"("raw_scores":"@Off","return_text":"@Off","truncate":"@On"}})";
inline constexpr std::string_view kTextsResponse = R"("@Scores")";

// Where no member but these is read, and documents come back always or never.
inline constexpr std::string_view kPlainRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Documents","top_n":"@CountOrNone"}})";
inline constexpr std::string_view kPlainResponse =
    R"({"type":"object","required":["model","usage","results"],"properties":{"model":{"type":"string"},)"
    R"("usage":"@Usage","results":"@Results"}})";

// Lists of {"index", "score"} named data.
inline constexpr std::string_view kDataResponse =
    R"({"type":"object","required":["data"],"properties":{"data":"@Scores","usage":{"type":"object"}}})";

}  // namespace podium::server::schema
