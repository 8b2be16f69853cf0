// An engine without a model, for tests of the server: fake_engine.cc stands in for the engine's
// library, so that a test decides what happens while it ranks.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "podium/podium.h"

namespace podium::fake {

using Ranks = std::function<void(std::span<const std::string_view> documents, const RankOptions&)>;

// What every Engine::rank and Engine::embed calls, on its caller's thread, before it returns; it
// may block. Set while no server runs. Engine::load refuses the directory "missing".
void on_rank(Ranks hook);

}  // namespace podium::fake
