#include "server/auth/gate.h"

namespace podium::server {

namespace {

class OpenGate : public Gate {
 public:
  bool has_keys() const override { return false; }
  Gated<Identity> identify(const HttpRequest&, Access) override {
    return Identity{.client = {}, .admin = true};
  }
  Gated<Admission> admit(const Identity& identity, std::size_t estimated_tokens) override {
    return Admission{identity, estimated_tokens, {}};
  }
  void settle(const Admission&, std::size_t) override {}
};

}  // namespace

std::unique_ptr<Gate> open_gate() { return std::make_unique<OpenGate>(); }

}  // namespace podium::server
