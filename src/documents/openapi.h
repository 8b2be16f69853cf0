// The operations of an OpenAPI description (versions 2 and 3) as tools. Inside this room.
#pragma once

#include "base/json.h"
#include "documents/documents.h"

namespace podium::documents {

bool is_openapi(const json::Value& root);

// Adds one document for each operation of each path.
void add_operations(const json::Value& root, Documents& documents);

}  // namespace podium::documents
