// The gate every request passes: who is asking, and may they, now? Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "podium/result.h"
#include "server/http/message.h"

namespace podium::server {

// What a route asks of its caller.
enum class Access {
  open,   // health and the like: never behind a key
  user,   // any valid key
  admin,  // a key with the right to administer; without any key configured, everybody
};

struct Identity {
  std::string
      client;  // the key's id, for logs, usage, fairness and the cache; "" if there are none
  bool admin = false;
};

// Why a request is not let in. The dialect it came in renders it.
struct GateRefusal {
  int status = 401;  // 401 no or unknown key, 403 not for this key, 429 over a limit
  Error error;
  std::vector<Header> headers;  // WWW-Authenticate, Retry-After, RateLimit, X-RateLimit-…
};

// Leave to do one request. It holds a place among the key's concurrent requests until settle().
struct Admission {
  Identity identity;
  std::size_t estimated_tokens = 0;
  std::vector<Header> headers;  // RateLimit and X-RateLimit-…, for the response
};

template <class T>
using Gated = tl::expected<T, GateRefusal>;

class Gate {
 public:
  virtual ~Gate() = default;

  // False: nobody has configured a key, so everything is open and the server stays on loopback.
  virtual bool has_keys() const = 0;

  // Who is asking. Called when the head of a request is read, before its body; must not block.
  virtual Gated<Identity> identify(const HttpRequest& head, Access access) = 0;

  // Takes one request and its tokens from the key's limits. Every admission is settled once.
  virtual Gated<Admission> admit(const Identity& identity, std::size_t estimated_tokens) = 0;

  // Gives the place back, corrects the estimate and records the usage.
  virtual void settle(const Admission& admission, std::size_t tokens) = 0;
};

}  // namespace podium::server
