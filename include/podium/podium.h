// Everything public, and the version.
#pragma once

#include "podium/engine.h"   // IWYU pragma: export
#include "podium/options.h"  // IWYU pragma: export
#include "podium/result.h"   // IWYU pragma: export

#define PODIUM_VERSION "0.1.0"
