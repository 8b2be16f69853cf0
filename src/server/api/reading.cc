#include "server/api/reading.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json_slices.h"
#include "documents/yaml.h"

namespace podium::server {

namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

// The elements of the body's array `key` as the client spelled them; none where they cannot be
// told.
std::vector<std::string_view> spelled_elements(std::string_view body, std::string_view key) {
  body = json::trim(body);
  if (!body.starts_with('{')) return {};
  const auto member = json::slice_member(body, key);
  if (!member || !member->starts_with('[')) return {};
  return json::slice_array(*member).elements;
}

}  // namespace

const RerankState& rerank_state(const Answer& answer) {
  return static_cast<const RerankState&>(*answer.call.state);
}

Call single_call(std::string model, Job job, std::unique_ptr<RerankState> state) {
  Call call;
  call.model = std::move(model);
  call.jobs.push_back(std::move(job));
  call.state = std::move(state);
  return call;
}

std::optional<std::string> text_of_object(const json::Value& object) {
  if (const auto text = object.find("text")) {
    if (const auto value = text->as_string()) return std::string(*value);
  }
  const auto content = object.find("content");
  if (!content) return std::nullopt;
  if (const auto text = content->as_string()) return std::string(*text);
  std::string joined;
  bool found = false;
  content->for_each_element([&](const json::Value& part) {
    const auto text = part.find("text");
    if (!text || !text->as_string()) return true;
    if (found) joined += '\n';
    joined += *text->as_string();
    found = true;
    return true;
  });
  return found ? std::optional(joined) : std::nullopt;
}

Reader::Reader(const HttpRequest& request, const json::Value& body)
    : request_(request), body_(body) {
  if (body.is_object()) return;
  fail(Fault::schema,
       fmt::format("the body is {}, not a JSON object", json::type_name(body.type())),
       "Send an object with a query and documents.");
}

std::optional<json::Value> Reader::find(std::string_view key) const {
  auto value = body_.find(key);
  if (value && value->is_null()) return std::nullopt;
  return value;
}

void Reader::fail(Fault fault, std::string message, std::string hint, std::string_view field) {
  if (std::exchange(failed_, true)) return;
  bad_.fault = fault;
  bad_.error = {ErrorCode::invalid_argument, std::move(message), std::move(hint)};
  bad_.field = field;
}

std::string Reader::text(std::string_view key) {
  const auto value = find(key);
  if (!value) return {};
  if (const auto text = value->as_string()) return std::string(*text);
  fail(Fault::schema, fmt::format("{} is {}, not a string", key, json::type_name(value->type())),
       {}, key);
  return {};
}

std::string Reader::required_text(std::string_view key) {
  std::string value = text(key);
  if (!has(key)) fail(Fault::schema, fmt::format("{} is missing", key), "It is a string.", key);
  if (is_blank(value)) fail(Fault::schema, fmt::format("{} is empty", key), {}, key);
  return value;
}

std::optional<bool> Reader::flag(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  const auto truth = value->as_bool();
  if (!truth) {
    fail(Fault::schema,
         fmt::format("{} is {}, not true or false", key, json::type_name(value->type())), {}, key);
  }
  return truth;
}

std::optional<std::int64_t> Reader::integer(std::string_view key, std::int64_t least,
                                            std::int64_t most) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  auto number = value->as_int();
  const auto real = value->as_double();
  if (!number && real && std::trunc(*real) == *real) {
    constexpr double kExact = 9e15;  // beyond it a limit is no limit
    number = std::abs(*real) < kExact ? static_cast<std::int64_t>(*real)
             : *real > 0              ? INT64_MAX
                                      : INT64_MIN;
  }
  if (!number) {
    fail(Fault::schema,
         fmt::format("{} is {}, not a whole number", key, json::type_name(value->type())), {}, key);
    return std::nullopt;
  }
  if (*number < least || *number > most) {
    fail(Fault::schema, fmt::format("{} is {}, which is out of range", key, *number),
         most == INT64_MAX ? fmt::format("It is at least {}.", least)
                           : fmt::format("It is {} to {}.", least, most),
         key);
    return std::nullopt;
  }
  return number;
}

std::optional<double> Reader::number(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  const auto number = value->as_double();
  if (!number) {
    fail(Fault::schema, fmt::format("{} is {}, not a number", key, json::type_name(value->type())),
         {}, key);
  }
  return number;
}

std::vector<std::string> Reader::texts(std::string_view key) {
  std::vector<std::string> found;
  const auto value = find(key);
  if (!value) return found;
  if (!value->is_array()) {
    fail(Fault::schema, fmt::format("{} is {}, not an array", key, json::type_name(value->type())),
         {}, key);
  }
  value->for_each_element([&](const json::Value& element) {
    const auto text = element.as_string();
    if (!text) {
      fail(Fault::schema,
           fmt::format("{}[{}] is {}, not a string", key, found.size(),
                       json::type_name(element.type())),
           {}, key);
      return false;
    }
    found.emplace_back(*text);
    return true;
  });
  return found;
}

std::string Reader::query(std::string_view key) {
  const auto value = find(key);
  if (!value || !value->is_object()) return required_text(key);
  auto text = text_of_object(*value);
  if (!text) {
    fail(value->find("image") ? Fault::unsupported : Fault::schema,
         fmt::format("{} is an object without text", key),
         "Send a string, or an object with a \"text\" string; images are not read.", key);
    return {};
  }
  if (is_blank(*text)) fail(Fault::schema, fmt::format("{} is empty", key), {}, key);
  return *std::move(text);
}

void Reader::add_document(const DocumentRules& rules, const json::Value& element,
                          std::optional<std::string_view> source, Documents& documents) {
  const std::size_t index = documents.texts.size();
  if (const auto text = element.as_string(); text && rules.strings) {
    documents.texts.emplace_back(*text);
    documents.originals.emplace_back();
    return;
  }
  if (!element.is_object() || !rules.objects) {
    fail(Fault::schema,
         fmt::format("{}[{}] is {}, not {}", rules.key, index, json::type_name(element.type()),
                     rules.objects ? "a document" : "a string"),
         rules.objects ? "A document is a string or an object with a \"text\" string."
                       : "A document is a string.",
         rules.key);
    return;
  }
  std::string text;
  if (rules.fields.size() == 1 && rules.fields[0] == "text") {
    if (auto found = text_of_object(element)) text = *std::move(found);
  } else {
    text = documents::render_members(element, rules.fields);
  }
  if (text.empty() && rules.missing == DocumentRules::Missing::render_all) {
    text = documents::render_members(element, {});
  }
  // One member is enough for a text unless the client names several and the API wants them all.
  std::string_view missing;
  if (text.empty() ||
      (rules.fields.size() > 1 && rules.missing == DocumentRules::Missing::refuse)) {
    const auto absent = std::ranges::find_if(rules.fields, [&](const std::string& field) {
      const auto value = element.find(field);
      return !value || value->is_null() || (text.empty() && !value->as_string());
    });
    if (absent != rules.fields.end()) missing = *absent;
  }
  if (!missing.empty()) {
    const bool image = element.find("image").has_value() || element.find("image_url").has_value();
    fail(image ? Fault::unsupported : Fault::schema,
         image ? fmt::format("{}[{}] is an image, and this model reads text", rules.key, index)
               : fmt::format("{}[{}] has no \"{}\"", rules.key, index, missing),
         image ? "Send its text." : "Name the members to read in rank_fields where the API has it.",
         rules.key);
    return;
  }
  documents.texts.push_back(std::move(text));
  documents.originals.push_back(source ? std::string(*source) : element.to_text());
}

Documents Reader::documents(const DocumentRules& rules) {
  Documents documents;
  const auto value = find(rules.key);
  if (!value) {
    fail(Fault::schema, fmt::format("{} is missing", rules.key), "It is an array of documents.",
         rules.key);
    return documents;
  }
  if (!value->is_array()) {
    fail(Fault::schema,
         fmt::format("{} is {}, not an array", rules.key, json::type_name(value->type())),
         "Send an array of documents.", rules.key);
    return documents;
  }
  const std::size_t count = value->size();
  if (count == 0) {
    fail(Fault::empty, fmt::format("{} is empty: there is nothing to rank", rules.key),
         "Send at least one document.", rules.key);
    return documents;
  }
  documents.texts.reserve(count);
  documents.originals.reserve(count);
  std::vector<std::string_view> spelled;
  if (rules.objects) spelled = spelled_elements(request_.body, rules.key);
  value->for_each_element([&](const json::Value& element) {
    const std::size_t index = documents.texts.size();
    std::optional<std::string_view> source;
    if (spelled.size() == count) source = spelled[index];
    add_document(rules, element, source, documents);
    return !failed();
  });
  return documents;
}

std::size_t Reader::top(std::string_view key) {
  return static_cast<std::size_t>(integer(key, 1).value_or(0));
}

bool Reader::may_cut() {
  return flag("truncate").value_or(true) && flag("truncation").value_or(true);
}

template <class T>
void Reader::word(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words,
                  T& target) {
  if (!has(key)) return;
  const std::string given = text(key);
  std::string known;
  for (const auto& [name, value] : words) {
    if (name == given) return void(target = value);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  fail(Fault::schema, fmt::format("{} is '{}', which is not known", key, given),
       fmt::format("It is one of {}.", known), key);
}

void Reader::windows(RankOptions& options) {
  const auto size = [&](std::string_view key, std::int64_t least, std::size_t& target) {
    if (const auto number = integer(key, least)) target = static_cast<std::size_t>(*number);
  };
  size("window", 1, options.max_length);
  size("overlap", 0, options.overlap);
  size("mean_of", 1, options.mean_of);
  size("max_windows", 0, options.max_windows);
  word("aggregation",
       {{"max", Aggregation::max}, {"mean", Aggregation::mean}, {"first", Aggregation::first}},
       options.aggregation);
  word("window_end",
       {{"anywhere", WindowEnd::anywhere},
        {"line", WindowEnd::line},
        {"sentence", WindowEnd::sentence}},
       options.window_end);
}

void Reader::extensions(Call& call) {
  for (Job& job : call.jobs) {
    windows(job.options);
    job.options.instruction = text("instruction");
    // Who forbids cutting wants pairs that fit, and a refusal of those that do not.
    if (!job.truncate) job.options.aggregation = Aggregation::first;
  }
  call.threshold = number("threshold");
  word("effort",
       {{"auto", Effort::automatic},
        {"full", Effort::full},
        {"turbo", Effort::turbo},
        {"tiny", Effort::tiny}},
       call.effort);
  if (const auto passages = integer("return_passages", 0, 100)) {
    call.passages = static_cast<std::size_t>(*passages);
  }
  if (const auto timeout = integer("timeout_ms", 1, 86'400'000)) {
    call.timeout = std::chrono::milliseconds(*timeout);
  }
}

Parsed<Call> Reader::finish(Call call) {
  if (!failed_) extensions(call);
  if (failed_) return tl::unexpected(std::move(bad_));
  return call;
}

}  // namespace podium::server
