// The model compiled into the program, so that a copied binary ranks without any file beside it.
#pragma once

#include "hub/checkpoint.h"

namespace podium::hub {

// The files of models/default as they were at build time; they live as long as the program.
const MemoryFiles& builtin_model();

}  // namespace podium::hub
