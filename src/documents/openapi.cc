#include "documents/openapi.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace podium::documents {

namespace {

constexpr std::array<std::string_view, 8> kMethods = {"get",   "put",  "post",    "delete",
                                                      "patch", "head", "options", "trace"};
constexpr int kMostReferences = 8;  // one after the other; a circle is longer

std::string_view text_at(const json::Value& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string_view();
}

std::string unescaped(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool tilde = part.substr(i).starts_with("~0");
    const bool slash = part.substr(i).starts_with("~1");
    out += slash ? '/' : part[i];
    i += tilde || slash ? 1 : 0;
  }
  return out;
}

// What {"$ref": "#/components/schemas/Pet"} leads to; any other value is itself.
json::Value resolved(const json::Value& root, json::Value value) {
  for (int i = 0; i < kMostReferences; ++i) {
    std::string_view path = text_at(value, "$ref");
    if (!path.starts_with("#/")) return value;
    path.remove_prefix(2);
    std::optional<json::Value> at = root;
    while (at && !path.empty()) {
      const auto end = std::min(path.find('/'), path.size());
      at = at->find(unescaped(path.substr(0, end)));
      path.remove_prefix(std::min(end + 1, path.size()));
    }
    if (!at) return value;
    value = *at;
  }
  return value;
}

class Operation {
 public:
  explicit Operation(const json::Value& root) : root_(root) {}

  std::string text(std::string_view name, std::string_view address, const json::Value& path,
                   const json::Value& operation) {
    out_ = name;
    std::string_view between = ": ";
    for (const auto* key : {"summary", "description"}) {
      if (const auto about = text_at(operation, key); !about.empty()) {
        out_.append(std::exchange(between, "\n")).append(about);
      }
    }
    out_.append("\n").append(address);
    parameters(path);
    parameters(operation);
    if (const auto body = operation.find("requestBody")) {
      const auto content = resolved(root_, *body).find("content");
      if (content) {
        content->for_each_member([&](std::string_view, const json::Value& media) {
          if (const auto schema = media.find("schema")) properties(*schema);
          return false;  // the other media types say the same
        });
      }
    }
    return std::move(out_);
  }

 private:
  void line(std::string_view name, const json::Value& about) {
    out_.append("\n").append(name);
    if (const auto what = text_at(about, "description"); !what.empty())
      out_.append(": ").append(what);
  }

  void parameters(const json::Value& owner) {
    const auto list = owner.find("parameters");
    if (!list) return;
    list->for_each_element([&](const json::Value& element) {
      const json::Value parameter = resolved(root_, element);
      const auto schema = parameter.find("schema");
      if (text_at(parameter, "in") == "body" && schema) {  // version 2
        properties(*schema);
      } else {
        line(text_at(parameter, "name"), parameter);
      }
      return true;
    });
  }

  void properties(const json::Value& schema) {
    const auto members = resolved(root_, schema).find("properties");
    if (!members) return;
    members->for_each_member([&](std::string_view name, const json::Value& property) {
      line(name, resolved(root_, property));
      return true;
    });
  }

  const json::Value& root_;
  std::string out_;
};

std::string original_of(std::string_view method, std::string_view path,
                        const json::Value& operation) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("method")
      .value(method)
      .key("path")
      .value(path)
      .key("operation")
      .raw(operation.to_text())
      .end_object();
  return out;
}

}  // namespace

bool is_openapi(const json::Value& root) {
  const auto paths = root.find("paths");
  return (root.find("openapi") || root.find("swagger")) && paths && paths->is_object();
}

void add_operations(const json::Value& root, Documents& documents) {
  const auto paths = root.find("paths");
  if (!paths) return;
  paths->for_each_member([&](std::string_view path, const json::Value& item) {
    for (const std::string_view method : kMethods) {
      const auto operation = item.find(method);
      if (!operation || !operation->is_object()) continue;
      std::string address(method);
      std::ranges::transform(address, address.begin(),
                             [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      address.append(" ").append(path);
      const std::string_view id = text_at(*operation, "operationId");
      const std::string name = id.empty() ? address : std::string(id);
      documents.written.push_back(
          documents.owned.emplace_back(Operation(root).text(name, address, item, *operation)));
      documents.originals.push_back(
          documents.owned.emplace_back(original_of(method, path, *operation)));
      documents.names.push_back(name);
    }
    return true;
  });
}

}  // namespace podium::documents
