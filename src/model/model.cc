#include "model/model.h"

namespace podium::model {

std::size_t Workspace::bytes() const {
  std::size_t total = states.bytes() + query_key_value.bytes();
  for (const auto& buffer : scratch) total += buffer.bytes();
  for (const auto& buffer : prefix.layers) total += buffer.bytes();
  return total;
}

}  // namespace podium::model
