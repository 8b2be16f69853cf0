// What is kept between runs, in the user's cache folder: $PODIUM_CACHE_DIR, or podium in
// $XDG_CACHE_HOME or ~/.cache. PODIUM_CACHE_DIR set to nothing keeps nothing, and so does a folder
// that cannot be written: everything kept can be made again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace podium::hub {

// The folder, made if need be; nothing if there is none.
std::optional<std::filesystem::path> cache_folder();

// Writes the parts one after the other into a file of the cache folder, whole or not at all:
// readers see the old file or the new one, whoever else writes. False if that did not work.
bool write_cache_file(std::string_view name, std::span<const std::span<const std::byte>> parts);

}  // namespace podium::hub
