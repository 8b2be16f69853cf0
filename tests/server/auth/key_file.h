// A key file of one test, removed after it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "server/auth/key_store.h"

namespace podium::server {

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder = std::filesystem::temp_directory_path() /
             fmt::format("podium-keys-{}-{}-{}", test->test_suite_name(), test->name(), ::getpid());
    std::filesystem::remove_all(folder);
    path = folder / "keys.db";
  }
  ~KeyFile() override { std::filesystem::remove_all(folder); }

  KeyStore open() const {
    auto store = KeyStore::open(path);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }

  std::filesystem::path folder;
  std::string path;
};

}  // namespace podium::server
