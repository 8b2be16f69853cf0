// From what an operator calls a model to the directory it lies in.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace podium::hub {

// An existing directory is taken as it is. Anything else that reads as a name, "model",
// "org/model" or "org/model@revision", is searched for in
//   $PODIUM_MODELS (colon-separated), ./models, $XDG_DATA_HOME/podium/models,
//   and the Hugging Face cache, where `podium pull` and `hf download` put it.
// The error lists where it looked. Names with "." or ".." parts are paths and never searched for.
Result<std::filesystem::path> locate_model(std::string_view name_or_directory);

}  // namespace podium::hub
